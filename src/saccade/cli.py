"""The command line: one command = parse, one library call, print. No logic lives here.

Nothing but click is imported before a command runs, so that `saccade --help` answers at once. A
user's mistake is one sentence on standard error: exit code 2 for wrong use, 1 for anything else.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from saccade import __version__
from saccade.errors import SaccadeError
from saccade.probes.settings import Probing
from saccade.probes.table import ABLATIONS, SIGNALS

Command = TypeVar("Command", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)
RUN = click.Path(path_type=Path, file_okay=False, exists=True)


class Commands(click.Group):
    """A group whose commands report a user's mistake as a sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SaccadeError as error:
            raise click.ClickException(str(error)) from error


class Names(click.ParamType[tuple[str, ...]]):
    """Names from a table, separated by commas."""

    name = "names"

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """`entropy,kl` as a tuple."""
        names = tuple(value.split(",")) if isinstance(value, str) else tuple(value)
        for name in names:
            if name not in self.known:
                self.fail(f"{name!r} is not one of {', '.join(self.known)}.", param, ctx)
        return names


@click.group(
    cls=Commands,
    epilog="Start with: saccade demo",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__)
def main() -> None:
    """See, measure and train where a multimodal chain of thought looks."""


def _examples(*lines: str) -> str:
    """An epilog of examples, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


MODEL = _options(
    click.option("--device", help="cpu, cuda, cuda:1 …  [default: cuda where there is one]"),
    click.option(
        "--dtype",
        type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
        default="auto",
        show_default=True,
        help="Precision of the weights; auto is the checkpoint's own.",
    ),
    click.option("--revision", help="Branch, tag or commit of a hub model."),
    click.option(
        "--trust-remote-code", is_flag=True, help="Run code that comes with the checkpoint."
    ),
)
SAMPLING = _options(
    click.option("-n", default=8, show_default=True, help="Responses to each question."),
    click.option("--temperature", default=1.0, show_default=True, help="0 is greedy."),
    click.option("--top-p", default=1.0, show_default=True, help="Nucleus sampling."),
    click.option("--max-new-tokens", default=256, show_default=True),
    click.option("--seed", default=0, show_default=True, help="Of the task and of the sampling."),
)
TASK = _options(
    click.option("--limit", type=click.IntRange(1), help="Only the first so many questions."),
    click.option("--split", default="test", show_default=True, help="train, validation or test."),
    click.option("--level", default=2, show_default=True, help="Difficulty of a lab task, 1 to 3."),
)
PROBE = _options(
    click.option(
        "--signals",
        type=Names(SIGNALS),
        default=",".join(Probing().signals),
        show_default=True,
        help="Separated by commas; `saccade list signals` explains them.",
    ),
    click.option(
        "--ablation",
        type=click.Choice(list(ABLATIONS)),
        default="blind",
        show_default=True,
        help="How the image is taken away for the signals that compare.",
    ),
)
BATCH = click.option(
    "--batch-size", default=16, show_default=True, help="Responses at a time; changes no number."
)
OUT = click.option("--out", type=FOLDER, required=True, help="The run folder.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@main.command(
    epilog=_examples(
        "saccade trace lab/base lab/counting --out runs/base --limit 50 -n 8",
        "saccade trace Qwen/Qwen2.5-VL-3B-Instruct lab/geometry --out runs/qwen --dtype bfloat16",
    )
)
@click.argument("model")
@click.argument("task")
@_options(OUT, TASK, SAMPLING, PROBE, BATCH, MODEL, JSON)
def trace(model: str, task: str, out: Path, as_json: bool, **words: Any) -> None:
    """Roll MODEL out on TASK and probe every token, into a run folder.

    MODEL is a hub id, a folder or a shipped lab model. Run the same words again to go on where a
    killed run stopped.
    """
    from saccade import commands

    _report(commands.trace(model, task, out, **words), as_json)


@main.command(epilog=_examples("saccade rollout lab/base lab/puzzle --out runs/puzzle -n 4"))
@click.argument("model")
@click.argument("task")
@_options(OUT, TASK, SAMPLING, BATCH, MODEL, JSON)
def rollout(model: str, task: str, out: Path, as_json: bool, **words: Any) -> None:
    """Roll MODEL out on TASK into a run folder: the first half of `trace`."""
    from saccade import commands

    _report(commands.rollout(model, task, out, **words), as_json)


@main.command(epilog=_examples("saccade probe runs/puzzle --signals entropy,kl"))
@click.argument("run", type=RUN)
@_options(PROBE, BATCH, MODEL, JSON)
@click.option("--model", help="The model, if it lies elsewhere now than when it was rolled out.")
def probe(run: Path, as_json: bool, **words: Any) -> None:
    """Measure every token of the responses in RUN: the second half of `trace`."""
    from saccade import commands

    _report(commands.probe(run, **words), as_json)


@main.command(epilog=_examples("saccade analyze runs/base --out reports/base"))
@click.argument("run", type=RUN)
@click.option("--out", type=FOLDER, help="Where to write.  [default: RUN/analysis]")
def analyze(run: Path, out: Path | None) -> None:
    """Write every figure, the tables behind them and report.html of RUN."""
    from saccade.analysis import analyze as write

    click.echo(write(run, out or run / "analysis"))


@main.command(epilog=_examples("saccade demo", "saccade demo --out /tmp/demo --serve"))
@click.option("--out", type=FOLDER, default="demo", show_default=True, help="Where to write.")
@click.option("--serve", is_flag=True, help="Then show the report at a local address.")
def demo(out: Path, serve: bool) -> None:
    """The main job on the shipped lab models, before and after training: one report.html."""
    from saccade.demo import demo as show
    from saccade.serving import serve as serve_page
    from saccade.terminal import progress

    page = show(out, progress=progress)
    click.echo(page)
    if serve:
        serve_page(page, announce=click.echo)


@main.command("list", epilog=_examples("saccade list signals", "saccade list tasks --json"))
@click.argument(
    "what", type=click.Choice(["ablations", "figures", "models", "rewards", "signals", "tasks"])
)
@JSON
def list_(what: str, as_json: bool) -> None:
    """List what there is, with one line each."""
    from saccade.listing import listed

    lines = listed(what)
    width = max(map(len, lines))
    text = "\n".join(f"{name:{width}}  {line}" for name, line in lines.items())
    click.echo(json.dumps(lines, indent=2, ensure_ascii=False) if as_json else text)


def _report(summary: Mapping[str, Any], as_json: bool) -> None:
    """What a run holds now, as JSON or in words."""
    if as_json:
        click.echo(json.dumps(summary, indent=2))
        return
    words = f"{summary['run']}: {summary['rollouts']} responses, {summary['probed']} probed"
    click.echo(words + (f", {summary['skipped']} skipped" if summary["skipped"] else ""))
    for reason, count in summary["reasons"].items():
        click.echo(f"  skipped {count}: {reason}")
