"""What analysing a large run costs: `saccade analyze` on runs of random numbers.

    python benchmarks/analyze_scale.py --json
    python benchmarks/analyze_scale.py --responses 1000 10000 --json

Each size is analysed by the command itself, in a process of its own: every figure with its tables
and the whole report. Noted are the time and the most memory that the process held. Reading is the
floor: every column of the run's traces decoded from Parquet once, and nothing done with them.
Growth is the exponent of time against size from the second size to the last: 1 is linear. It says
little between small sizes, where drawing, which costs the same for any run, is most of it.
"""

import argparse
import json
import math
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synthetic_run import synthetic_run

SIZES = (1000, 10_000, 100_000)
TOKENS = 270


def main() -> None:
    """Analyse each size and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, nargs="+", default=SIZES, help="sizes of runs")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="the mean length")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(analysed(args.run)))
        return
    rows = [measured(responses, args.tokens) for responses in sorted(args.responses)]
    told = {**rows[-1], "growth": growth(rows), "sizes": rows, **machine()}
    print(json.dumps(told) if args.json else "\n".join(f"{k:>20}  {v}" for k, v in told.items()))


def measured(responses: int, tokens: int) -> dict[str, Any]:
    """One size: the run is made, read for the floor, and analysed in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        run = synthetic_run(Path(folder) / "run", responses, tokens=tokens)
        floor, count = reading(run)
        command = [sys.executable, __file__, "--run", str(run)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {
        "responses": responses,
        "tokens": count,
        **told,
        "reading_seconds": round(floor, 2),
        "over_reading": round(told["seconds"] / floor, 1),
    }


def analysed(run: Path) -> dict[str, Any]:
    """The command's own work, its start-up and imports included, and what it held."""
    from saccade.cli import main as saccade

    out = run / "analysis"
    start = time.perf_counter()
    saccade(["analyze", str(run), "--out", str(out)], standalone_mode=False)
    seconds = time.perf_counter() - start
    page = (out / "report.html").stat().st_size
    shutil.rmtree(out)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "page_mb": round(page / 1e6, 2),
    }


def reading(run: Path) -> tuple[float, int]:
    """Seconds to decode all traces, on all cores, and how many tokens they have."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    start, tokens = time.perf_counter(), 0
    for part in sorted((run / "traces").glob("*.parquet")):
        tokens += pc.sum(pc.list_value_length(pq.read_table(part)["tokens"])).as_py()
    return time.perf_counter() - start, tokens


def growth(rows: list[dict[str, Any]]) -> float | None:
    """The exponent of time against size, where there are two sizes to hold against each other."""
    if len(rows) < 2:
        return None
    low, high = rows[min(1, len(rows) - 2)], rows[-1]
    return round(
        math.log(high["seconds"] / low["seconds"]) / math.log(high["tokens"] / low["tokens"]), 2
    )


def machine() -> dict[str, Any]:
    """What the numbers were measured with."""
    names = ("duckdb", "pyarrow", "pandas", "matplotlib")
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


if __name__ == "__main__":
    main()
