"""The options that commands share, each said once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from saccade.errors import SaccadeError
from saccade.probes.chosen import Chosen
from saccade.probes.settings import Probing
from saccade.probes.signal_table import MAPS, SIGNALS

Command = TypeVar("Command", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)
MOST_LAYERS = 10_000
"""More than any model has; a span up to a slip of the finger is not written out."""
SPLITS = click.Choice(["train", "validation", "test"])


def _signals(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[str, ...]:
    """`entropy,kl` as a tuple."""
    names = tuple(name.strip() for name in value.split(","))
    for name in names:
        if name not in SIGNALS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(SIGNALS)}.")
    return names


def _maps(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """`layers,patches` as a tuple."""
    names = tuple(name.strip() for name in value.split(",")) if value else ()
    for name in names:
        if name not in MAPS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(MAPS)}.")
    return names


def _layers(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """`0,20-24` as the numbers it means."""
    if value is None:
        return None
    chosen: list[int] = []
    for part in value.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) < MOST_LAYERS):
            raise click.BadParameter(f"{part!r} must be a number or a span such as 20-24.")
        chosen += range(int(first), int(last) + 1)
    return tuple(chosen)


def _ablation(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """The words for an ablation, checked."""
    try:
        return str(Chosen.read(value))
    except SaccadeError as error:
        raise click.BadParameter(str(error)) from error


class WrongUse(click.ClickException):
    """Wrong use, told in one sentence of ours without click's lines on usage."""

    exit_code = 2


def _run_folder(_ctx: click.Context, _param: click.Parameter, value: Path) -> Path:
    """A folder that is there; whether it holds a run is said by who opens it."""
    if value.is_dir():
        return value
    there = "is a file" if value.exists() else "does not exist"
    raise WrongUse(
        f"{value} must be the folder of a run, but {there}. Name a folder that saccade wrote;"
        " `saccade trace` makes one."
    )


PROBED = ("signals", "ablation", "draws", "layers", "maps")
"""What `PROBE` asks for."""
TRACED = {
    *PROBED,
    *("limit", "split", "level", "n", "temperature", "top_p", "max_new_tokens", "seed", "dtype"),
}
"""What says how a checkpoint is traced."""


def check_probing(words: dict[str, Any]) -> None:
    """Refuse as wrong use what no model could be measured with."""
    try:
        Probing(**{name: words[name] for name in PROBED})
    except SaccadeError as error:
        raise WrongUse(str(error)) from error


def check_compared(ctx: click.Context) -> None:
    """Refuse, where runs are compared, what says how checkpoints are to be traced."""
    told = [
        param.opts[0]
        for param in ctx.command.params
        if param.name in TRACED
        and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if told:
        raise WrongUse(
            f"{', '.join(told)} is said of checkpoints, with --task; runs were made with their own."
        )


def examples(*lines: str) -> str:
    """An epilog of examples, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _number(
    name: str,
    default: float,
    told: str,
    *,
    type: Any,  # noqa: A002 - click's own word for it
) -> Callable[[Command], Command]:
    """A number with a default; what it may be is checked before anything is loaded."""
    metavar = "FLOAT" if isinstance(default, float) else "INTEGER"
    return click.option(
        name, default=default, type=type, metavar=metavar, show_default=True, help=told
    )


def _dtype(dtype: str | None, default: str) -> Callable[[Command], Command]:
    """The default of --dtype, and its words."""
    return click.option(
        "--dtype",
        type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
        default=dtype,
        help=f"Precision of the weights; auto is the checkpoint's own.  [default: {default}]",
    )


DEVICE = click.option(
    "--device",
    help="cpu, cuda, cuda:1 …, or auto to lay a large model on several.  [default: cuda"
    " where there is one]",
)
REVISION = click.option("--revision", help="Branch, tag or commit of a hub model.")
TRUST = click.option(
    "--trust-remote-code", is_flag=True, help="Run code that comes with the checkpoint."
)
MODEL = together(DEVICE, _dtype("auto", "auto"), REVISION, TRUST)
SPEAKER = together(DEVICE, _dtype(None, "the run's"), REVISION, TRUST)
READERS = together(DEVICE, _dtype("auto", "auto"), TRUST)
SAMPLING = together(
    _number("-n", 8, "Responses to each question.", type=click.IntRange(1)),
    _number("--temperature", 1.0, "0 is greedy.", type=click.FloatRange(0)),
    _number(
        "--top-p", 1.0, "Nucleus sampling; 1 is off.", type=click.FloatRange(0, 1, min_open=True)
    ),
    _number("--max-new-tokens", 256, "Where a response is cut.", type=click.IntRange(1)),
    _number("--seed", 0, "Of the task and of the sampling.", type=int),
)
TASK = together(
    click.option(
        "--limit",
        type=click.IntRange(1),
        metavar="INTEGER",
        help="Only the first so many questions.",
    ),
    click.option(
        "--split", type=SPLITS, default="test", show_default=True, help="Which questions."
    ),
    _number("--level", 2, "Difficulty of a lab task, 1 to 3.", type=click.IntRange(1, 3)),
)
PROBE = together(
    click.option(
        "--signals",
        callback=_signals,
        metavar="NAMES",
        default=",".join(Probing().signals),
        show_default=True,
        help="Separated by commas; `saccade list signals` explains them.",
    ),
    click.option(
        "--ablation",
        callback=_ablation,
        metavar="NAME",
        default="blind",
        show_default=True,
        help="How the image is taken away for the signals that compare; `saccade list ablations`"
        ' explains them. Settings go in brackets: "blacken(p=0.6, per=prompt)".',
    ),
    click.option(
        "--layers",
        callback=_layers,
        metavar="NUMBERS",
        help="Hidden states to average, such as 0,20-24: 0 is the embeddings, the last comes after"
        " the final norm.  [default: all]",
    ),
    click.option(
        "--maps",
        callback=_maps,
        metavar="NAMES",
        help="What to keep besides, separated by commas; `saccade list maps` explains them.",
    ),
    _number(
        "--draws", 1, "Of a random ablation; more give mean and spread.", type=click.IntRange(1)
    ),
)
BATCH = _number(
    "--batch-size", 16, "Responses at a time; changes no number.", type=click.IntRange(1)
)
RUN = click.argument("run", type=click.Path(path_type=Path), callback=_run_folder)
OUT = click.option("--out", type=FOLDER, required=True, help="The run folder.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
