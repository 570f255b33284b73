"""How signals are called in figures and reports, and what one says of a token."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Label:
    """Words for one signal, and where its colour scale starts."""

    text: str
    meaning: str
    anchor: float | None = 0.0
    """The value that means "nothing", drawn without colour; None: the run's low percentile."""
    falls: bool = False
    """True where the remarkable end is the low one."""
    unit: str = ""
    """What it is counted in, where that has a name."""


LABELS: dict[str, Label] = {
    "visual_similarity": Label(
        "visual similarity",
        "cosine between the token's states and the image's",
        anchor=None,
        unit="cosine",
    ),
    "entropy": Label("entropy", "how undecided the model was, in nats", unit="nats"),
    "hidden_shift": Label("hidden shift", "how far the states move without the image"),
    "kl": Label(
        "KL divergence", "how the prediction changes without the image, in nats", unit="nats"
    ),
    "k3": Label("k3", "one-sample estimate of the KL divergence", unit="nats"),
    "logprob": Label(
        "log-probability", "of the token that was said, in nats", falls=True, unit="nats"
    ),
}


def label(signal: str) -> Label:
    """The words for `signal`; an ablation other than `blind` is named in brackets.

    So is that it is the spread of several draws: `kl.noise.spread` is (noise, spread).
    """
    base, _, ablation = signal.partition(".")
    known = LABELS.get(base, Label(base.replace("_", " "), "", anchor=None))
    if ablation in ("", "blind"):
        return known
    return replace(known, text=f"{known.text} ({ablation.replace('.', ', ')})")


def counted(n: int, noun: str) -> str:
    """`1 question`, `1,200 questions`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
