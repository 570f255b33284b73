"""What there is, by kind, with one line each: read by `saccade list` and by the docs."""

from collections.abc import Callable, Mapping


def _signals() -> dict[str, str]:
    from saccade.probes import SIGNALS

    return {name: signal.line for name, signal in SIGNALS.items()}


def _maps() -> dict[str, str]:
    from saccade.probes import MAPS

    return {name: f"{each.line} {each.shape}" for name, each in MAPS.items()}


def _ablations() -> dict[str, str]:
    from saccade.probes import ABLATIONS

    return {
        name: f"{ablation.line} {ablation.defaults and f'({ablation.defaults})'}".strip()
        for name, ablation in ABLATIONS.items()
    }


def _tasks() -> dict[str, str]:
    from saccade.tasks import TASKS

    return dict(TASKS)


def _models() -> dict[str, str]:
    from saccade.models import LAB_MODELS

    return dict(LAB_MODELS)


def _families() -> dict[str, str]:
    from saccade.models.families import FAMILIES

    return {name: family.line for name, family in FAMILIES.items()}


def _figures() -> dict[str, str]:
    from saccade.analysis import FIGURES

    return {name: figure.line for name, figure in FIGURES.items()}


def _rewards() -> dict[str, str]:
    from saccade.scoring import REWARDS

    return {name: reward.line for name, reward in REWARDS.items()}


def _rules() -> dict[str, str]:
    from saccade.trainers.credit import RULES

    return {name: rule.line for name, rule in RULES.items()}


KINDS: Mapping[str, Callable[[], dict[str, str]]] = {
    "signals": _signals,
    "maps": _maps,
    "ablations": _ablations,
    "rewards": _rewards,
    "rules": _rules,
    "tasks": _tasks,
    "models": _models,
    "families": _families,
    "figures": _figures,
}


def listed(kind: str) -> dict[str, str]:
    """Name and line of everything of this kind."""
    return KINDS[kind]()
