"""The generated parts of README.md and docs/*.md, each a function that gives Markdown.

cog calls them (`make docs`); the package's own tables are their only source, with `lab.json` for
what `measure_guesser.py` measured, `statistics.json` for what `simulate_statistics.py` found, and
the cards of the shipped models where these are built.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from saccade import load_task
from saccade.analysis import FIGURES, FINDERS, published_numbers
from saccade.analysis.comparing.table import COMPARING
from saccade.analysis.progress import METRICS
from saccade.analysis.words import CLASSES
from saccade.cli import main
from saccade.models.families import FAMILIES
from saccade.models.names import HOME, RECIPE_LINES
from saccade.probes import ABLATIONS, MAPS, SIGNALS
from saccade.scoring import REWARDS
from saccade.tasks import TASKS
from saccade.tasks.lab import counting, fewshot, geometry, grounding, puzzle
from saccade.trainers.credit import RULES

NOT_BUILT = "*The shipped models are not built in this checkout: `make models` makes them.*"
WIDTH = 88
PASSES = {"seen": "with the image", "seen+ablated": "with and without the image"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Bars escaped, and tags outside of code."""
    text = text.replace("|", r"\|")
    return text if text.startswith("`") else text.replace("<", "&lt;")


def code(text: str) -> str:
    """Text as inline code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def commands() -> str:
    """The help of `saccade`, and of each command under its own heading."""
    settings: dict[str, Any] = {**main.context_settings, "terminal_width": WIDTH}
    top = click.Context(main, info_name="saccade", **settings)
    parts = [f"```text\n{main.get_help(top)}\n```"]
    for name, command in main.commands.items():
        own = click.Context(command, info_name=name, parent=top, **settings)
        parts.append(f"## saccade {name}\n\n```text\n{command.get_help(own)}\n```")
    return "\n\n".join(parts)


def signals() -> str:
    """What is measured per token."""
    head = ("signal", "what it says", "formula", "unit", "passes", "column", "paper")
    return table(
        head,
        (
            (
                code(s.name),
                s.line,
                code(s.formula),
                s.unit,
                PASSES[s.passes],
                code(s.column("<ablation>")),
                s.paper or "–",
            )
            for s in SIGNALS.values()
        ),
    )


def rules() -> str:
    """How an advantage is shared out among tokens."""
    head = ("rule", "what it does", "formula", "signals", "settings", "paper")
    return table(
        head,
        (
            (
                code(r.name),
                r.line,
                code(r.formula),
                ", ".join(map(code, r.needs)) or "–",
                ", ".join(code(f"{key}={value}") for key, value in r.settings.items()) or "–",
                r.paper or "–",
            )
            for r in RULES.values()
        ),
    )


def model_families() -> str:
    """The models that the tests measure."""
    rows = (
        (
            family.title,
            code(family.name),
            family.grid,
            "shared" if family.shares_prompt else "in full, once per response",
            "" if family.reads_text_alone else "reads no prompt without an image",
        )
        for family in FAMILIES.values()
    )
    return table(("family", "name", "an image becomes", "the prompt is", ""), rows)


def maps() -> str:
    """What is kept besides."""
    rows = (
        (
            code(each.name),
            each.line,
            code(each.shape),
            ", ".join(code(name) for name, signal in SIGNALS.items() if each.of(signal)),
        )
        for each in MAPS.values()
    )
    return table(("map", "what it is", "shape", "of"), rows)


def ablations() -> str:
    """How the image is taken away."""
    head = ("ablation", "what it does", "it changes", "settings", "paper")
    return table(
        head,
        (
            (
                code(a.name),
                a.line,
                a.changes,
                code(a.defaults) if a.defaults else "–",
                a.paper or "–",
            )
            for a in ABLATIONS.values()
        ),
    )


def figures() -> str:
    """The figures of a report."""
    rows = (
        (code(f.id), f.title, f.line, f.paper or "–", ", ".join(map(code, f.signals)))
        for f in FIGURES.values()
    )
    return table(("figure", "title", "what it shows", "redraws", "needs"), rows)


def curves() -> str:
    """What is followed over training, and where it is found."""
    rows = (
        (
            code(name),
            metric.text,
            code(metric.signal) or ("responses" if metric.response else "–"),
            ", ".join(code(f"-{n}" if by < 0 else n) for n, by in metric.logged.items()),
        )
        for name, metric in METRICS.items()
    )
    return table(("metric", "is", "measured on", "otherwise from the log, as"), rows)


def published() -> str:
    """The papers whose numbers come with the package."""
    numbers = published_numbers().groupby(["paper", "arxiv", "table"], sort=False).size()
    rows = (
        (paper, f"arXiv {arxiv}", of, str(count)) for (paper, arxiv, of), count in numbers.items()
    )
    return table(("paper", "source", "table", "numbers"), rows)


def comparing() -> str:
    """The figures of a comparison."""
    rows = (
        (code(f.id), f.title, f.line, "free" if f.reads == "compared" else "forced")
        for f in COMPARING
    )
    return table(("figure", "title", "what it shows", ""), rows)


def compared() -> str:
    """The sentences of the shipped models' comparison."""
    told = json.loads(Path("docs/compare.json").read_text(encoding="utf-8"))
    return "\n\n".join(f"*{one['title']}*: {one['sentence']}" for one in told.values())


def finders() -> str:
    """What can be searched for in a run."""
    return table(("finder", "what it finds"), ((code(f.name), f.line) for f in FINDERS.values()))


def word_classes() -> str:
    """The classes of words."""
    rows = (
        (
            code(c.name),
            c.line,
            ", ".join(c.words[:6]) + ", …" if c.words else "–",
            str(len(c.words)),
        )
        for c in CLASSES.values()
    )
    return table(("class", "what is in it", "its list begins", "words in it"), rows)


def rewards() -> str:
    """How responses are scored."""
    rows = ((code(name), r.line, f"{r.correct_from:g}") for name, r in REWARDS.items())
    return table(("reward", "what it is", "correct from"), rows)


def measured(what: str) -> dict[str, Any]:
    """What `make bench` wrote of it."""
    told: dict[str, Any] = json.loads(
        Path(f"docs/benchmarks/{what}.json").read_text(encoding="utf-8")
    )
    return told


SIDES = {
    "plain": "plain, the group as one batch",
    "one_by_one": "plain, one by one",
    "engine": "engine",
}


def probe_costs() -> str:
    """Time and memory of every way to probe."""
    rows = []
    for shape in ("S1", "S2"):
        told = measured(f"probe-{shape}")
        for side, name in SIDES.items():
            rows.append(
                (shape, name, f"{told[f'{side}_seconds']:.1f} s", f"{told[f'{side}_added_mb']} MB")
            )
        rows.append((shape, "bare forwards", f"{told['bare_seconds']:.1f} s", "–"))
    return table(("shape", "way", "time", "memory added"), rows)


def probe_ratios() -> str:
    """The engine against the others."""
    head = ("shape", "faster", "less memory", "faster than one by one", "less memory", "over bare")
    rows = []
    for shape in ("S1", "S2"):
        told = measured(f"probe-{shape}")
        names = ("speedup", "memory_ratio", "speedup_one_by_one", "memory_ratio_one_by_one")
        over = f"{told['over_bare_forwards']:.2f} ×"
        rows.append((shape, *(f"{told[name]:.1f} ×" for name in names), over))
    return table(head, rows)


def signal_costs() -> str:
    """What each signal adds."""
    told, rows, before = measured("probe-S1"), [], 0.0
    for line in told["signals"]:
        more = f"{line['seconds'] - before:+.2f} s" if before else "–"
        memory = f"{line['added_mb']:.0f} MB"
        rows.append((code(line["added"]), f"{line['seconds']:.2f} s", more, memory))
        before = line["seconds"]
    return table(("with", "time", "more", "memory added"), rows)


def growth() -> str:
    """Time and memory at other sizes."""
    names = {"side": "image tokens", "response": "response tokens", "group": "responses"}
    rows = []
    for line in measured("probe-S1")["growth"]:
        value = line["value"] ** 2 if line["size"] == "side" else line["value"]
        cost = f"{line['seconds']:.2f} s", f"{line['added_mb']:.0f} MB"
        rows.append((names.get(line["size"], line["size"]), f"{value}", *cost))
    return table(("what changes", "to", "time", "memory added"), rows)


def bench_machine() -> str:
    """What the benchmarks ran on."""
    told = measured("probe-S1")
    worst = max(measured(f"probe-{shape}")["largest_deviation"] for shape in ("S1", "S2"))
    return (
        f"Measured with {told['threads']} threads, {told['cores']} cores, Python {told['python']},"
        f" torch {told['torch']}, transformers {told['transformers']}. The largest difference"
        f" between the ways in any number is {worst:.1g}."
    )


def analysis_costs() -> str:
    """What analysing takes, by the size of the run, and on what."""
    told = measured("analyze")
    rows = (
        (
            f"{line['responses']:,}",
            f"{line['tokens']:,}",
            f"{line['seconds']:.0f} s",
            f"{line['cpu_seconds']:.0f} s",
            f"{line['peak_mb'] / 1000:.1f} GB",
            f"{line['reading_seconds']:.1f} s",
            f"{line['page_mb']:.1f} MB",
        )
        for line in told["sizes"]
    )
    head = ("responses", "tokens", "time", "of all cores", "memory", "reading alone", "page")
    versions = ", ".join(f"{name} {told[name]}" for name in ("duckdb", "pyarrow", "matplotlib"))
    return f"{table(head, rows)}\n\nMeasured on {told['cores']} cores with {versions}."


def guesser() -> str:
    """What a blind guesser reaches, by task and level."""
    told = json.loads(Path("docs/lab.json").read_text(encoding="utf-8"))
    rows = (
        (code(name), *(f"{share:.1%}" for share in levels.values()))
        for name, levels in told["blind_accuracy"].items()
    )
    how = f"Accuracy on {told['items']} test questions, {told['read']:,} training questions read:"
    return f"{how}\n\n{table(('task', 'level 1', 'level 2', 'level 3'), rows)}"


def coverage() -> str:
    """How often intervals hold the truth, by design and number of clusters."""
    told = _simulated()
    counts = list(next(iter(told["coverage"].values())))
    rows = (
        (name, *(" / ".join(_percent(share) for share in cell) for cell in by_clusters.values()))
        for name, by_clusters in told["coverage"].items()
    )
    how = f"{told['repetitions']:,} data sets each:"
    return f"{how}\n\n{table(('design', *(f'{n} clusters' for n in counts)), rows)}"


def hard_coverage() -> str:
    """The same for data that are hard for the methods."""
    told = _simulated()
    rows = ((name, *map(_percent, cell)) for name, cell in told["hard"].items())
    how = f"{told['hard_repetitions']} data sets each:"
    return f"{how}\n\n{table(('data', 'truth in the interval', 'p below .05'), rows)}"


def corrections() -> str:
    """What corrections do to families of ten tests."""
    told = _simulated()
    null, planted = told["null"], told["planted"]
    rows = (
        (
            words,
            f"{null[f'any_{how}']:.1%}",
            f"{planted[f'false_share_{how}']:.1%}",
            f"{planted[f'power_{how}']:.1%}",
        )
        for how, words in (("plain", "none"), ("holm", "Holm"), ("bh", "Benjamini-Hochberg"))
    )
    head = ("correction", "families with a false claim", "false among claims", "planted found")
    return (
        f"{told['families']} families of ten tests on mixed groups in {told['family_clusters']} "
        "clusters, first without any difference, then with three planted ones of "
        f"{told['shift']:g}, about one standard deviation:\n\n{table(head, rows)}"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _simulated() -> dict[str, Any]:
    """What `simulate_statistics.py` wrote."""
    told: dict[str, Any] = json.loads(Path("docs/statistics.json").read_text(encoding="utf-8"))
    return told


def levels(task: str) -> str:
    """What makes a task harder from level to level."""
    head, row = LEVELS[task]
    return table(("level", *head), ((str(level), *row(level)) for level in (1, 2, 3)))


def _span(ends: tuple[int, int]) -> str:
    return f"{ends[0]} to {ends[1]}"


FIGURES_ON_PAPER = {
    1: "rectangles",
    2: "rectangles and triangles",
    3: "both, named by the letters at their corners",
}
LEVELS: dict[str, tuple[Sequence[str], Callable[[int], Sequence[str]]]] = {
    "lab/counting": (
        ("things", "answers"),
        lambda level: (_span(counting.THINGS[level]), _span((0, counting.LARGEST[level]))),
    ),
    "lab/geometry": (
        ("figures", "longest side"),
        lambda level: (FIGURES_ON_PAPER[level], str(geometry.LONGEST[level])),
    ),
    "lab/grounding": (("things",), lambda level: (_span(grounding.THINGS[level]),)),
    "lab/fewshot": (
        ("classes", "which differ in"),
        lambda level: (
            str(fewshot.CLASSES[level]),
            "colour and shape" if level == 1 else "colour or shape",
        ),
    ),
    "lab/puzzle": (
        ("grid", "the second rule runs along"),
        lambda level: (
            f"{puzzle.SIDE[level]} × {puzzle.SIDE[level]}",
            "diagonals" if level == 3 else "columns",
        ),
    ),
}
"""Task → heads of its table of levels, and the cells of a level."""


def worked_example() -> str:
    """One sample in full: question, response, regions, mentions."""
    sample = load_task("lab/counting", level=1, limit=1)[0]
    regions = table(
        ("region", "box"),
        ((code(r.name), ", ".join(f"{edge:g}" for edge in r.box)) for r in sample.regions),
    )
    mentions = table(
        ("characters", "words", "speak of"),
        (
            (
                f"{m.start}–{m.end}",
                sample.solution[m.start : m.end],
                ", ".join(map(code, m.regions)) or "nothing in the picture",
            )
            for m in sample.mentions
        ),
    )
    return (
        f"Sample `{sample.id}` asks: {sample.question}\n\n```text\n{sample.solution}\n```\n\n"
        f"{regions}\n\n{mentions}"
    )


def recipes() -> str:
    """The stages in which each shipped model is made."""
    from saccade.trainers.lab.recipes import RECIPES

    head = ("model", "stage", "teaches", "demonstrations", "misread", "steps × batch", "rate")
    rows = []
    for name, recipe in RECIPES.items():
        start = f" from {code(recipe.start_from)}" if recipe.start_from else ""
        for stage, of in recipe.stages.items():
            misread = ", ".join(
                f"{task.removeprefix('lab/')} {share:.0%}"
                for task, share in of.data.misread.items()
            )
            steps = f"{of.schedule.steps:,} × {of.schedule.batch}"
            cells = (
                of.teaches,
                f"{of.data.size:,}",
                misread or "–",
                steps,
                f"{of.schedule.rate:g}",
            )
            rows.append((code(name) + start, code(stage), *cells))
    return table(head, rows)


def cards() -> dict[str, dict[str, Any]]:
    """The cards of the shipped models that are built."""
    files = {name: HOME / name / "card.json" for name in RECIPE_LINES}
    return {
        name: json.loads(file.read_text(encoding="utf-8"))
        for name, file in files.items()
        if file.is_file()
    }


def shapes() -> str:
    """What each shipped model is, with a link to its card."""
    built = cards()
    head = ("model", "what it is", "architecture", "parameters", "card")
    rows = (
        (
            code(name),
            RECIPE_LINES[name],
            code(card["architecture"]),
            f"{card['parameters']:,}",
            f"[card](../src/saccade/models/{name}/README.md)",
        )
        for name, card in built.items()
    )
    if not built:
        rows = ((code(name), line, "", "", "") for name, line in RECIPE_LINES.items())
    return table(head, rows) + ("" if built else f"\n\n{NOT_BUILT}")


def accuracies() -> str:
    """Accuracy of the shipped models by task, with what can be had blindly beside it."""
    built = cards()
    if not built:
        return NOT_BUILT
    any_card = next(iter(built.values()))
    columns = {
        "blind guesser": (any_card, "blind guesser"),
        **{f"`{name}`": (card, "seeing") for name, card in built.items()},
    }
    if "lab/base" in built:
        grey = ("`lab/base`, grey image", (built["lab/base"], "grey image"))
        columns = dict([*list(columns.items())[:2], grey, *list(columns.items())[2:]])
    rows = (
        (code(task), *(f"{card['accuracy'][task][key]:.1%}" for card, key in columns.values()))
        for task in TASKS
    )
    return table(("task", *columns), rows)


def items() -> str:
    """How the accuracies were measured."""
    built = cards()
    if not built:
        return ""
    count = next(iter(built.values()))["items"]
    return f"Test split, level 2, {count} questions per task, one response each at temperature 1."
