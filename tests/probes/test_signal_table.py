"""The tables: complete, in step with the functions, and readable without torch."""

import inspect
import subprocess
import sys

import pytest

from saccade.probes import ABLATIONS, MAPS, SIGNALS


def test_reading_the_tables_loads_no_torch() -> None:
    code = (
        "import sys; from saccade.probes import ABLATIONS, SIGNALS, Probing; Probing();"
        "print(*(s.line for s in SIGNALS.values()));"
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_described_and_has_its_function(name: str) -> None:
    signal = SIGNALS[name]
    assert signal.name == name
    assert signal.line.endswith(".")
    assert signal.formula
    assert signal.unit
    parameters = tuple(inspect.signature(signal.function).parameters)
    assert parameters == signal.needs
    assert signal.function.__doc__


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_is_described_and_has_its_function(name: str) -> None:
    ablation = ABLATIONS[name]
    assert ablation.name == name
    assert ablation.line.endswith(".")
    assert ablation.function.__doc__
    own = tuple(setting.name for setting in ablation.own)
    assert tuple(inspect.signature(ablation.function).parameters) == ablation.needs + own
    assert bool(ablation.drawing) == bool({"rng", "others"} & {*ablation.needs})


def test_what_each_signal_costs_and_is_called() -> None:
    columns = {name: signal.column("grey") for name, signal in SIGNALS.items()}
    assert columns == {
        "logprob": "logprob",
        "entropy": "entropy",
        "visual_similarity": "visual_similarity",
        "visual_similarity.dot": "visual_similarity.dot",
        "visual_similarity.l2": "visual_similarity.l2",
        "visual_similarity.l1": "visual_similarity.l1",
        "hidden_shift": "hidden_shift.grey",
        "hidden_shift.l2": "hidden_shift.l2.grey",
        "hidden_shift.cosine": "hidden_shift.cosine.grey",
        "kl": "kl.grey",
        "k3": "k3.grey",
    }
    assert {n for n, s in SIGNALS.items() if s.passes == "seen"} == {
        "logprob",
        "entropy",
        *(n for n in SIGNALS if n.startswith("visual_similarity")),
    }
    assert {n for n, s in SIGNALS.items() if not s.visual} == {"logprob", "entropy"}


def test_which_signals_have_which_maps() -> None:
    having = {name: [n for n, s in SIGNALS.items() if each.of(s)] for name, each in MAPS.items()}
    similarities = [n for n in SIGNALS if n.startswith("visual_similarity")]
    shifts = [n for n in SIGNALS if n.startswith("hidden_shift")]
    assert having == {
        "layers": similarities + shifts,
        "images": similarities,
        "patches": similarities,
    }
    for name in similarities:
        assert SIGNALS[name].nearness.__doc__


def test_an_unknown_public_name() -> None:
    import saccade.probes

    with pytest.raises(AttributeError, match="no attribute 'loudness'"):
        saccade.probes.loudness  # noqa: B018
    assert "probe" in dir(saccade.probes)
