"""Write `docs/compare.json`: what the comparison of the shipped models says.

Run from the root of the repository: `python docs/measure_comparison.py`. It takes some minutes.
"""

import json
import tempfile
from pathlib import Path

from saccade.analysis.comparing.table import COMPARING
from saccade.comparison import read_each_other
from saccade.demo import MODELS, READ, lab_runs
from saccade.terminal import progress


def main() -> None:
    """Make the runs, let each model read the other's responses, keep the sentences."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        made = lab_runs(out, progress=progress, items=READ)
        runs = {MODELS[when]: run for when, run in made.items()}
        forced, _ = read_each_other(runs, out / "read", progress=progress, device="cpu")
        told = {}
        for figure in COMPARING:
            frame = figure.frame(runs if figure.reads == "compared" else forced)
            told[figure.id] = {"title": figure.title, "sentence": figure.find(frame).sentence}
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    Path("docs/compare.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
