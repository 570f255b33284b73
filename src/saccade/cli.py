"""The command line: one command = parse, one library call, print. No logic lives here.

Nothing but click is imported before a command runs, so that `saccade --help` answers at once. A
user's mistake is one sentence on standard error: exit code 2 for wrong use, 1 for anything else.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from saccade import __version__
from saccade.errors import SaccadeError
from saccade.listing import KINDS, listed
from saccade.options import (
    BATCH,
    FOLDER,
    JSON,
    MODEL,
    OUT,
    PROBE,
    READERS,
    RUN,
    SAMPLING,
    SPEAKER,
    TASK,
    WrongUse,
    check_compared,
    check_probing,
    examples,
    together,
)
from saccade.tasks import TASKS
from saccade.team import Team
from saccade.terminal import inert, progress, quiet_libraries

GO_ON = ("trace", "rollout", "probe", "compare", "demo")
"""Commands that, run again, go on where they were."""


class Commands(click.Group):
    """A group whose commands report a user's mistake as a sentence, without a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words before the command."""
        with _sentences():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _sentences():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt as stop:
                goes_on = ctx.invoked_subcommand in GO_ON
                then = "goes on where it was" if goes_on else "begins again"
                click.echo(err=True)  # the terminal has written ^C
                raise SaccadeError(f"Stopped. The same command {then}.") from stop


@contextmanager
def _sentences() -> Iterator[None]:
    """Errors become one sentence in which a terminal finds nothing to obey.

    Of several processes, it begins with the one that fails.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # who reads our output has gone; click leaves quietly
    except SaccadeError as error:
        raise click.ClickException(inert(f"{_who()}{error}")) from error
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise click.ClickException(inert(f"{_who()}{reason}")) from error
    except click.ClickException as error:
        vars(error)["message"] = inert(error.message)  # click reads it when it shows the error
        raise


def _who() -> str:
    team = Team.here()
    return "" if team.alone else f"{team}: "


@click.group(
    cls=Commands,
    epilog="Start with: saccade demo",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__)
def main() -> None:
    """See, measure and train where a multimodal chain of thought looks."""


@main.command(
    epilog=examples(
        "saccade trace lab/base lab/counting --out runs/base --limit 50 -n 8",
        "saccade trace Qwen/Qwen2.5-VL-3B-Instruct lab/geometry --out runs/qwen --dtype bfloat16",
    )
)
@click.argument("model")
@click.argument("task", type=click.Choice(list(TASKS)), metavar="TASK")
@together(OUT, TASK, SAMPLING, PROBE, BATCH, MODEL, JSON)
def trace(model: str, task: str, out: Path, as_json: bool, **words: Any) -> None:
    """Roll MODEL out on TASK and probe every token, into a run folder.

    MODEL is a hub id, a folder or a shipped lab model. Run the same words again to go on where a
    killed run stopped.
    """
    from saccade import commands

    check_probing(words)
    _report(commands.trace(model, task, out, **words), as_json)


@main.command(epilog=examples("saccade rollout lab/base lab/puzzle --out runs/puzzle -n 4"))
@click.argument("model")
@click.argument("task", type=click.Choice(list(TASKS)), metavar="TASK")
@together(OUT, TASK, SAMPLING, BATCH, MODEL, JSON)
def rollout(model: str, task: str, out: Path, as_json: bool, **words: Any) -> None:
    """Roll MODEL out on TASK into a run folder.

    The first half of `trace`; `saccade probe` is the second.
    """
    from saccade import commands

    _report(commands.rollout(model, task, out, **words), as_json)


@main.command(epilog=examples("saccade probe runs/puzzle --signals entropy,kl"))
@RUN
@together(PROBE, BATCH, SPEAKER, JSON)
@click.option("--model", help="The model, if it lies elsewhere now than when it was rolled out.")
def probe(run: Path, as_json: bool, **words: Any) -> None:
    """Measure every token of the responses in RUN.

    The second half of `trace`, with the model that gave the responses.
    """
    from saccade import commands

    check_probing(words)
    _report(commands.probe(run, **words), as_json)


@main.command(
    epilog=examples(
        "saccade doctor lab/base", "saccade doctor Qwen/Qwen2.5-VL-3B-Instruct --dtype bfloat16"
    )
)
@click.argument("model")
@together(MODEL, JSON)
def doctor(model: str, as_json: bool, **words: Any) -> None:
    """Check on MODEL itself that what would be measured is right.

    Every line is measured on two noisy images and a few short responses. The exit code is 1 if a
    number lies above its limit or cannot be had. A line that begins with -- is no fault. There
    must be memory for one more copy of the model, in float32.
    """
    from saccade import commands

    findings = commands.doctor(model, **words)
    if as_json:
        click.echo(json.dumps(findings, indent=2))
    else:
        for found in findings.values():
            click.echo(_finding(found))
    if not all(found["passed"] for found in findings.values()):
        raise SystemExit(1)


@main.command(epilog=examples("saccade analyze runs/base --out reports/base"))
@RUN
@click.option("--out", type=FOLDER, help="Where to write.  [default: RUN/analysis]")
def analyze(run: Path, out: Path | None) -> None:
    """Write the figures, tables and report.html of RUN.

    Figures are SVG and PNG, the tables behind them CSV. Prints the path of the report.
    """
    from saccade.analysis import analyze as write

    with progress("drawn") as drawn:
        page = write(run, out or run / "analysis", on_progress=drawn)
    click.echo(inert(str(page)))


@main.command(
    epilog=examples(
        "saccade compare runs/before runs/after --out reports/change",
        "saccade compare lab/base lab/tuned --task lab/counting --limit 50 -n 4",
    )
)
@click.argument("names", nargs=-1, required=True, metavar="BEFORE AFTER [MORE]...")
@click.option("--out", type=FOLDER, default="compare", show_default=True, help="Where to write.")
@click.option(
    "--task", type=click.Choice(list(TASKS)), metavar="TASK", help="Trace checkpoints on this."
)
@together(TASK, SAMPLING, PROBE, BATCH, READERS)
@click.pass_context
def compare(ctx: click.Context, /, names: tuple[str, ...], task: str | None, **words: Any) -> None:
    """Compare runs, or checkpoints on --task, question by question.

    Each model in its own words; then the first and the last on the same responses, each reading
    the other's. Of checkpoints the runs are made first, in OUT/runs. Prints the path of the report.
    Run the same words again to go on where it stopped.
    """
    from saccade import comparison

    check_probing(words)
    try:
        comparison.check_names(names, task)
    except SaccadeError as error:
        raise WrongUse(str(error)) from error
    if task is None:
        check_compared(ctx)
    page, notices = comparison.compare(names, task=task, **words)
    if Team.here().first:
        for notice in notices:
            click.echo(inert(notice), err=True)
        click.echo(inert(str(page)))


@main.command(epilog=examples("saccade demo", "saccade demo --out /tmp/demo --serve"))
@click.option("--out", type=FOLDER, default="demo", show_default=True, help="Where to write.")
@click.option("--serve", is_flag=True, help="Then show the report at a local address.")
def demo(out: Path, serve: bool) -> None:
    """Probe the shipped lab models and write one report.html.

    Rolls lab/base and lab/tuned, before and after training, out on every lab task, probes every
    token, and prints the path of the report. Run the same words again to go on where it stopped.
    """
    from saccade.demo import demo as show
    from saccade.serving import serve as serve_page

    quiet_libraries()
    page = show(out, progress=progress)
    click.echo(inert(str(page)))
    if serve:
        serve_page(page, announce=click.echo)


@main.command("list", epilog=examples("saccade list signals", "saccade list tasks --json"))
@click.argument(
    "what",
    type=click.Choice(sorted(KINDS)),
)
@JSON
def list_(what: str, as_json: bool) -> None:
    """List what there is, with one line each."""
    lines = listed(what)
    width = max(map(len, lines), default=0)
    text = "\n".join(f"{name:{width}}  {line}" for name, line in lines.items())
    told = json.dumps(lines, indent=2, ensure_ascii=False) if as_json else text
    click.echo(told or f"no {what} in this installation")


def _finding(found: Mapping[str, Any]) -> str:
    """A line of the doctor's."""
    verdict = "FAIL" if not found["passed"] else "--  " if found["reason"] else "ok  "
    return inert(f"{verdict}  {found['words']}")


def _report(summary: Mapping[str, Any], as_json: bool) -> None:
    """What a run holds now, as JSON or in words; one process says it."""
    if not Team.here().first:
        return
    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    words = f"{inert(summary['run'])}: {summary['rollouts']} responses, {summary['probed']} probed"
    click.echo(words + (f", {summary['skipped']} skipped" if summary["skipped"] else ""))
    for reason, count in summary["reasons"].items():
        click.echo(f"  skipped {count}: {inert(reason)}")
    for part in summary["broken"]:
        click.echo(inert(f"  cannot be read: {part['path']}: {part['reason']}"))
