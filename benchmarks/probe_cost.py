"""What probing costs: the engine against the plain way of the papers' public codes.

    python benchmarks/probe_cost.py --shape S1 --json

The plain way runs each response alone, in full, twice; it keeps all hidden states and all logits,
and builds the matrix of every response token against every image token. The engine is what
`saccade.probe` runs. The bare forwards are the engine's own two passes with nothing measured: the
prompt shared, the head on response positions only. That is the floor.

Each side runs in a process of its own, which loads a randomly initialised Qwen2.5-VL of the shape,
warms up on a short response, and notes what it holds and then adds in a first full run (on Linux).
The time is the median of further ones: the first pays for memory it has never touched. The plain
way and the engine must give the same numbers.
"""

import argparse
import ctypes
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

RUNS = 3
SIDES = ("plain", "one_by_one", "engine", "bare")
SIGNALS = ("entropy", "visual_similarity", "hidden_shift", "kl")
LIMITS = {"entropy": 5e-5, "visual_similarity": 1e-5, "hidden_shift.blind": 1e-5, "kl.blind": 1e-5}


@dataclass(frozen=True)
class Shape:
    """A model, and a group of responses to one prompt."""

    width: int = 512
    layers: int = 8
    words: int = 151_936
    side: int = 16
    """Image tokens along each side of the image."""
    text: int = 64
    group: int = 8
    response: int = 128


SHAPES = {"S1": Shape(), "S2": Shape(layers=16, words=32_000, side=24)}


def main() -> None:
    """Run every side in its own process and print the ratios."""
    args = arguments()
    shape = replace(SHAPES[args.shape], **json.loads(args.change))
    if args.side:
        print(json.dumps(timed(args.side, shape, args.signals.split(","))))
        return
    sides = {side: in_its_own_process(side, args) for side in SIDES}
    told = {"shape": args.shape, **asdict(shape), **ratios(sides), **machine()}
    if args.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:>20}  {value}")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="S1")
    parser.add_argument("--change", default="{}", help="another shape, as in '{\"group\": 16}'")
    parser.add_argument("--signals", default=",".join(SIGNALS), help="which the engine measures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def in_its_own_process(side: str, args: argparse.Namespace) -> dict[str, Any]:
    """Seconds, added memory and numbers of one side."""
    words = [sys.executable, __file__, "--side", side, "--shape", args.shape]
    words += ["--change", args.change, "--signals", args.signals]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def ratios(sides: dict[str, dict[str, Any]]) -> dict[str, float]:
    """What came out, after a check that both measured the same."""
    plain, alone, engine, bare = (sides[name] for name in SIDES)
    deviation = {
        name: max(abs(a - b) for a, b in zip(values, plain["numbers"][name], strict=True))
        for name, values in engine["numbers"].items()
    }
    for name, worst in deviation.items():
        assert worst <= LIMITS[name], f"{name} differs by {worst}"
    return {
        "speedup": round(plain["seconds"] / engine["seconds"], 2),
        "memory_ratio": round(plain["added_mb"] / engine["added_mb"], 1),
        "speedup_one_by_one": round(alone["seconds"] / engine["seconds"], 2),
        "memory_ratio_one_by_one": round(alone["added_mb"] / engine["added_mb"], 1),
        "over_bare_forwards": round(engine["seconds"] / bare["seconds"], 3),
        **{f"{side}_seconds": round(sides[side]["seconds"], 2) for side in SIDES},
        **{f"{side}_added_mb": round(sides[side]["added_mb"]) for side in SIDES},
        "largest_deviation": max(deviation.values()),
    }


def machine() -> dict[str, Any]:
    """What the numbers were measured with."""
    import torch
    import transformers

    return {
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def timed(side: str, shape: Shape, signals: list[str]) -> dict[str, Any]:
    """One side's memory in its first full run, and its time in later ones."""
    import torch

    vlm = model(shape)
    work = {"plain": plain, "one_by_one": one_by_one, "engine": engine, "bare": bare}[side]
    work(vlm, asked(vlm, replace(shape, group=1, response=2)), signals)
    group = asked(vlm, shape)
    before = held_mb()
    with torch.no_grad():
        columns = work(vlm, group, signals)
        added = peak_mb() - before
        seconds = median(_seconds(lambda: work(vlm, group, signals)) for _ in range(RUNS))
    numbers = {name: [v for row in columns for v in row[name].tolist()] for name in columns[0]}
    return {"seconds": seconds, "added_mb": added, "numbers": numbers}


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def held_mb() -> float:
    """What this process holds now; from here on the peak is counted anew (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def peak_mb() -> float:
    """The most it has held since."""
    return _status("VmHWM")


def _status(field: str) -> float:
    """A size out of the process's status, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def model(shape: Shape) -> Any:
    """A random Qwen2.5-VL of the shape with a small vision tower, and the lab's processor."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    from saccade.models import VLM, load_vlm

    lab = load_vlm("lab/base", device="cpu", dtype="float32")
    ids = {n: v for n, v in lab.model.config.to_dict().items() if n.endswith("_token_id")}
    heads = shape.width // 64
    text = {"hidden_size": shape.width, "intermediate_size": 4 * shape.width}
    text |= {"num_hidden_layers": shape.layers, "vocab_size": shape.words}
    text |= {"num_attention_heads": heads, "num_key_value_heads": heads}
    text |= {"max_position_embeddings": 8192, "bos_token_id": None}
    text |= {"eos_token_id": lab.tokenizer.eos_token_id}
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e4}
    text["rope_parameters"]["mrope_section"] = [8, 12, 12]
    vision = {"depth": 2, "hidden_size": 64, "num_heads": 2, "intermediate_size": 128}
    vision |= {"out_hidden_size": shape.width, "fullatt_block_indexes": [1]}
    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(
        text_config=text, vision_config=vision, tie_word_embeddings=True, **ids
    )
    pixels = (28 * shape.side) ** 2
    lab.processor.image_processor.size = {"shortest_edge": pixels, "longest_edge": pixels}
    return VLM("random", Qwen2_5_VLForConditionalGeneration(config).eval(), lab.processor)


def asked(vlm: Any, shape: Shape) -> list[tuple[Any, Any]]:
    """A question about one noisy image, and a group of random responses to it."""
    import numpy as np
    from PIL import Image

    from saccade.samples import Rollout, Sample

    rng = np.random.default_rng(0)
    side = 28 * shape.side
    image = Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8))
    sample = Sample("one", "red " * (shape.text - 10), (image,), "x", "benchmark")
    allowed = np.setdiff1d(np.arange(shape.words), vlm.forbidden_ids)
    return [
        (sample, Rollout("one", k, vlm.render(sample), tuple(ids.tolist()), ""))
        for k, ids in enumerate(rng.choice(allowed, (shape.group, shape.response)))
    ]


def engine(vlm: Any, group: list[tuple[Any, Any]], signals: list[str]) -> list[dict[str, Any]]:
    """What `saccade.probe` runs."""
    from saccade.probes import Probing
    from saccade.probes.engine import measure

    return measure(vlm, group, Probing(tuple(signals)))


def bare(vlm: Any, group: list[tuple[Any, Any]], _signals: list[str]) -> list[dict[str, Any]]:
    """The engine's two passes and the head, with nothing measured."""
    from saccade.probes import engine as of
    from saccade.probes import vocabulary

    def nothing(*_: Any) -> None:
        pass

    kinds = of._kinds(vlm, group, of.Probing(), {})
    with of._each_image_once(vlm):
        prompts = [of._read(vlm, kind) for kind in kinds]
    responses = of._responses(vlm, group)
    states = of._answer(vlm, prompts, responses, nothing).flatten(0, 2)
    for rows in states.split(vocabulary.ROWS):
        vlm.logits(rows)
    return [{}]


def one_by_one(vlm: Any, group: list[tuple[Any, Any]], signals: list[str]) -> list[dict[str, Any]]:
    """The plain way in as little memory as it can do with."""
    return [plain(vlm, [each], signals)[0] for each in group]


def plain(vlm: Any, group: list[tuple[Any, Any]], _signals: list[str]) -> list[dict[str, Any]]:
    """Every response in full: all states, all logits, the matrix of tokens against patches."""
    import torch

    from saccade.models import encode, with_responses

    inputs = encode(vlm, [r.prompt for _, r in group], [sample.images for sample, _ in group])
    teacher = with_responses(vlm, inputs, [rollout.response_ids for _, rollout in group])
    blind = teacher.inputs["attention_mask"].masked_fill(teacher.image_mask, 0)
    passes = [
        vlm.model(
            **teacher.inputs | {"attention_mask": mask}, output_hidden_states=True, use_cache=False
        )
        for mask in (teacher.inputs["attention_mask"], blind)
    ]
    columns = []
    for row, (start, length) in enumerate(zip(teacher.starts, teacher.lengths, strict=True)):
        span, image = slice(start, start + length), teacher.image_mask[row]
        logp, dark = (
            run.logits[row, start - 1 : start - 1 + length].log_softmax(-1) for run in passes
        )
        pairs = zip(*(run.hidden_states for run in passes), strict=True)
        read = [_read(state[row], hidden[row], span, image) for state, hidden in pairs]
        cosines, shifts = (torch.stack(values).mean(0) for values in zip(*read, strict=True))
        columns.append(
            {
                "entropy": -(logp.exp() * logp).sum(-1),
                "visual_similarity": cosines,
                "hidden_shift.blind": shifts,
                "kl.blind": (logp.exp() * (logp - dark)).sum(-1),
            }
        )
    return columns


def _read(state: Any, hidden: Any, span: slice, image: Any) -> tuple[Any, Any]:
    """Of one layer: similarity through the whole matrix, and the shift."""
    from torch.nn.functional import normalize

    told, seen = state[span], state[image]
    cosines = (normalize(told, dim=-1) @ normalize(seen, dim=-1).T).mean(-1)
    return cosines, (told - hidden[span]).norm(dim=-1) / told.norm(dim=-1)


if __name__ == "__main__":
    main()
