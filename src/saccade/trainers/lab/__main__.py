"""`python -m saccade.trainers.lab`: make the shipped micro models again, from their seeds."""

from pathlib import Path

import click
from rich.progress import Progress

from saccade.trainers.lab.making import make
from saccade.trainers.lab.recipes import RECIPES


@click.command(epilog="""Example: python -m saccade.trainers.lab lab/base lab/tuned --out models""")
@click.argument("names", nargs=-1, type=click.Choice(list(RECIPES)))
@click.option("--out", type=click.Path(path_type=Path), default="models/lab", show_default=True)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default="models/checkpoints",
    show_default=True,
    help="Checkpoints; run the same command again to go on from them.",
)
@click.option("--device", default="cpu", show_default=True)
def main(names: tuple[str, ...], out: Path, work: Path, device: str) -> None:
    """Make the lab's micro models NAMES (all of them if none is named) into folders under --out.

    On two cores each takes an hour or two, on a GPU minutes.
    """
    for name in names or RECIPES:
        with Progress() as bars:
            tasks = {
                stage: bars.add_task(f"{name} {stage}", total=of.schedule.steps)
                for stage, of in RECIPES[name].stages.items()
            }

            def show(stage: str, step: int, steps: int, loss: float) -> None:
                bars.update(tasks[stage], completed=step)  # noqa: B023 - used within the loop

            folder = make(name, out=out, work=work, device=device, on_step=show)
        click.echo(f"{name}: {folder}")


if __name__ == "__main__":
    main()
