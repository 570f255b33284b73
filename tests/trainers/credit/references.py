"""The rules once more as plain loops over one response after another, in Python floats."""

import math


def rows(signals, mask):
    """The valid values of each response, and where they stand."""
    for b in range(len(mask)):
        places = [t for t in range(len(mask[b])) if mask[b][t]]
        yield b, places, [[float(signal[b][t]) for t in places] for signal in signals]


def scaled(values):
    low, high = min(values), max(values)
    return [(v - low) / (high - low) if high > low else 0.0 for v in values]


def shares(z):
    most = max(z)
    raised = [math.exp(v - most) for v in z]
    return [len(z) * r / sum(raised) for r in raised]


def by_row(signals, mask, weigh):
    weights = [[0.0] * len(row) for row in mask]
    for b, places, values in rows(signals, mask):
        if places:
            for t, w in zip(places, weigh(*values), strict=True):
                weights[b][t] = w
    return weights


def uniform(signals, mask):
    return [[1.0 if m else 0.0 for m in row] for row in mask]


def pepo(signals, mask, *, alpha=0.05, temperature=1.0):
    def weigh(vs, h):
        both = [a + b for a, b in zip(scaled(vs), scaled(h), strict=True)]
        mean = sum(both) / len(both)
        z = [
            (1 + alpha * math.tanh(g - mean)) * v / temperature
            for g, v in zip(both, vs, strict=True)
        ]
        return shares(z)

    return by_row(signals, mask, weigh)


def perception_only(signals, mask, *, temperature=1.0):
    return by_row(signals, mask, lambda vs: shares([v / temperature for v in vs]))


def exploration_only(signals, mask, *, temperature=1.0):
    return by_row(signals, mask, lambda h: shares([v / temperature for v in scaled(h)]))


def high_entropy(signals, mask, *, top=0.2):
    every = sorted((h for _, _, (row,) in rows(signals, mask) for h in row), reverse=True)
    least = every[max(1, math.ceil(round(top * len(every), 6))) - 1] if every else math.inf
    return by_row(signals, mask, lambda row: [float(h >= least) for h in row])


def vppo(signals, mask, *, k=0.4, beta_min=0.9, divide="response"):
    means = [sum(row) / len(row) for _, _, (row,) in rows(signals, mask) if row]
    low, high = min(means, default=0), max(means, default=0)
    mean_share = sum((m - low) / (high - low) for m in means) / len(means) if high > low else 0
    beta_max = beta_min + (1 - beta_min) / mean_share if mean_share else 1.0

    def weigh(row):
        n = len(row)
        kept = n if max(row) == min(row) else math.ceil(round(k * n, 6))
        chosen = sorted(range(n), key=lambda t: (-row[t], t))[:kept]
        share = (sum(row) / n - low) / (high - low) if high > low else 0
        factor = beta_min + (beta_max - beta_min) * share if high > low else 1.0
        factor *= n / kept if divide == "kept" else 1
        return [factor if t in chosen else 0.0 for t in range(n)]

    return by_row(signals, mask, weigh)


def pgpo(signals, mask, *, tau=0.4, beta=2.0, max_weight=math.inf):
    def weigh(row):
        if max(row) == min(row):
            return [1.0] * len(row)
        gate = [
            i / tau if i < tau else 1 + (beta * (i - tau) / (1 - tau) if tau < 1 else 0)
            for i in scaled([math.log(1 + s) for s in row])
        ]
        cap = max(max_weight, len(row) / sum(u > 0 for u in gate))
        low, high = 0.0, len(row) / min(u for u in gate if u > 0) + 1
        for _ in range(200):  # the scale at which the capped weights sum to T, by halving
            middle = (low + high) / 2
            enough = sum(min(cap, middle * u) for u in gate) >= len(row)
            low, high = (low, middle) if enough else (middle, high)
        return [min(cap, high * u) for u in gate]

    return by_row(signals, mask, weigh)
