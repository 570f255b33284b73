"""What probing costs: the engine against the plain way of the papers' public codes.

    python benchmarks/probe_cost.py --shape S1 --json
    python benchmarks/probe_cost.py --shape S2 --full --json

The plain way runs every response in full, twice, the group as one batch; it keeps all hidden states
and all logits, and builds the matrix of every response token against every image token. One by one
is the same with a batch of one. The engine is what `saccade.probe` runs. The bare forwards are the
engine's own two passes with nothing measured: the prompt shared, the head on response positions
only. That is the floor. All must give the same numbers.

Each side runs in processes of its own, which load a randomly initialised Qwen2.5-VL of the shape
and warm up. One notes what it holds and then adds in a full run (on Linux, with an allocator told
to give back at once what is freed: else its hoarding moves the figure by a hundred MB). The other
notes the time, the median of a few runs; in it the engine and the bare forwards take turns, so that
a busy moment slows both.

`--full` adds what each signal costs, and how time and memory grow with each size.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

RUNS = 3
SIDES = ("engine", "plain", "one_by_one")
SIGNALS = ("entropy", "visual_similarity", "hidden_shift", "kl")
LIMITS = {"entropy": 5e-5, "visual_similarity": 1e-5, "hidden_shift.blind": 1e-5, "kl.blind": 1e-5}
FRUGAL = {"MALLOC_MMAP_THRESHOLD_": "131072"}
"""For an allocator that gives back at once what is freed."""
GROWTH = {
    "side": (8, 16, 24),
    "response": (64, 128, 256),
    "group": (4, 8, 16),
    "layers": (4, 8, 16),
}
"""Sizes to change, one at a time. The image has side × side tokens."""


def main() -> None:
    """Run every side in its own process and print the ratios."""
    args = arguments()
    if args.side:
        print(json.dumps(MEASURES[args.measure](args)))
        return
    told = {"shape": args.shape, **json.loads(args.change), **ratios(args)}
    if args.full:
        told |= {"signals": list(per_signal(args)), "growth": list(growth(args))}
    told |= machine()
    print(json.dumps(told) if args.json else "\n".join(f"{k:>24}  {v}" for k, v in told.items()))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=("S1", "S2"), default="S1")
    parser.add_argument("--change", default="{}", help="another shape, as in '{\"group\": 16}'")
    parser.add_argument("--signals", default=",".join(SIGNALS), help="which the engine measures")
    parser.add_argument("--full", action="store_true", help="also the cost of signals, and growth")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--measure", choices=("memory", "duration"), help=argparse.SUPPRESS)
    return parser.parse_args()


def ratios(args: argparse.Namespace) -> dict[str, float]:
    """What came out, after a check that all measured the same."""
    sides = {side: apart(side, args) for side in SIDES}
    engine, plain, alone = sides.values()
    return {
        "speedup": round(plain["seconds"] / engine["seconds"], 2),
        "memory_ratio": round(plain["added_mb"] / engine["added_mb"], 1),
        "over_bare_forwards": round(engine["over_bare"], 3),
        "speedup_one_by_one": round(alone["seconds"] / engine["seconds"], 2),
        "memory_ratio_one_by_one": round(alone["added_mb"] / engine["added_mb"], 1),
        **{f"{side}_seconds": round(told["seconds"], 2) for side, told in sides.items()},
        "bare_seconds": round(engine["bare_seconds"], 2),
        **{f"{side}_added_mb": round(told["added_mb"]) for side, told in sides.items()},
        "largest_deviation": max(deviations(engine, other) for other in (plain, alone)),
    }


def deviations(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of any number, none of which may pass its limit."""
    worst = 0.0
    for name, values in one["numbers"].items():
        apart = max(abs(a - b) for a, b in zip(values, other["numbers"][name], strict=True))
        assert apart <= LIMITS[name], f"{name} differs by {apart}"
        worst = max(worst, apart)
    return worst


def per_signal(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The engine with one signal more each time; the last two need the second pass."""
    order = ("visual_similarity", "entropy", "hidden_shift", "kl")
    for count in range(1, len(order) + 1):
        yield {"added": order[count - 1], **roughly(args, signals=",".join(order[:count]))}


def growth(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The engine at other sizes, one changed at a time."""
    for size, values in GROWTH.items():
        for value in values:
            yield {"size": size, "value": value, **roughly(args, change=json.dumps({size: value}))}


def roughly(args: argparse.Namespace, **other: str) -> dict[str, float]:
    """Time and memory of the engine in one process and one run, for comparison among these."""
    words = {"side": "engine", "shape": args.shape, "change": args.change, "signals": args.signals}
    told = _process({**words, **other, "measure": "memory"}, FRUGAL)
    return {name: round(told[name], 3) for name in ("seconds", "added_mb")}


def apart(side: str, args: argparse.Namespace, **other: str) -> dict[str, Any]:
    """One side, its memory and its time each in a process of its own."""
    words = {"side": side, "shape": args.shape, "change": args.change, "signals": args.signals}
    return {
        **_process({**words, **other, "measure": "memory"}, FRUGAL),
        **_process({**words, **other, "measure": "duration"}, {}),
    }


def _process(words: dict[str, str], environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, __file__]
    command += [part for name, value in words.items() for part in (f"--{name}", value)]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def prepared(args: argparse.Namespace, *ways: str) -> tuple[Any, ...]:
    """A warm model, a group of responses, and the signals."""
    from workload import SHAPES, WAYS, asked, model

    shape = replace(SHAPES[args.shape], **json.loads(args.change))
    vlm, signals = model(shape), args.signals.split(",")
    for way in ways:
        WAYS[way](vlm, asked(vlm, replace(shape, group=1, response=2)), signals)
    return vlm, asked(vlm, shape), signals


def memory(args: argparse.Namespace) -> dict[str, Any]:
    """What one way adds to what the process holds, and the numbers it gives."""
    import torch
    from memory import held_mb, peak_mb
    from workload import WAYS

    with torch.no_grad():
        work = prepared(args, args.side)
        before = held_mb()
        columns = WAYS[args.side](*work)
        added = peak_mb() - before
        seconds = _seconds(lambda: WAYS[args.side](*work))
    numbers = {name: [v for row in columns for v in row[name].tolist()] for name in columns[0]}
    return {"added_mb": added, "seconds": seconds, "numbers": numbers}


def duration(args: argparse.Namespace) -> dict[str, Any]:
    """What one way takes; the engine and the bare forwards in turn."""
    import torch
    from workload import WAYS

    ways = ["engine", "bare"] if args.side == "engine" else [args.side]
    turns = []
    with torch.no_grad():
        work = prepared(args, *ways)
        for way in ways:  # once unwatched: it touches memory for the first time
            WAYS[way](*work)
        for _ in range(RUNS):
            turns.append({way: _seconds(lambda way=way: WAYS[way](*work)) for way in ways})
    told = {"seconds": median(turn[args.side] for turn in turns)}
    if "bare" in ways:
        told["bare_seconds"] = median(turn["bare"] for turn in turns)
        told["over_bare"] = median(turn["engine"] / turn["bare"] for turn in turns)
    return told


MEASURES = {"memory": memory, "duration": duration}


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def machine() -> dict[str, Any]:
    """What the numbers were measured with."""
    import torch
    import transformers

    return {
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


if __name__ == "__main__":
    main()
