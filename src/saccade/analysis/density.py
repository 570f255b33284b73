"""A smooth curve over a handful of numbers, or the reason why there is none."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 5
"""Below this many points a curve would show the kernel, not the data."""
AT_ONCE = 4096
"""Points summed at once: a hundred thousand of them at every grid point would fill the memory."""


def bandwidth(values: Floats) -> float:
    """Scott's rule, as scipy.stats.gaussian_kde uses it; 0 where all values are equal."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    scale = max(float(np.abs(values).max(initial=0.0)), 1e-300)
    return 0.0 if spread < 1e-9 * scale else spread * float(len(values)) ** -0.2


def why_no_curve(values: Floats) -> str | None:
    """What to say instead of a curve; None where a curve can be drawn."""
    if len(values) == 0:
        return "none"
    if bandwidth(values) == 0.0 and len(values) > 1:
        return "all equal"
    return f"no curve: n < {FEWEST}" if len(values) < FEWEST else None


def gaussian_kde(values: Floats, *, points: int = 256, cut: float = 2.5) -> tuple[Floats, Floats]:
    """Grid and density; the grid reaches `cut` bandwidths past the data on either side."""
    width = bandwidth(values)
    grid = np.linspace(values.min() - cut * width, values.max() + cut * width, points)
    density = np.zeros(points)
    for some in np.array_split(values, -(-len(values) // AT_ONCE)):
        density += np.exp(-0.5 * ((grid[:, None] - some[None, :]) / width) ** 2).sum(1)
    return grid, density / (len(values) * width * np.sqrt(2 * np.pi))
