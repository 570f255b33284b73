"""Packing: who runs with whom, what comes out in which order, and that no number moves."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from saccade.probes import SIGNALS, Probing, iter_traces, packing
from saccade.probes.packing import Fit, Piece, batches, packed
from saccade.samples import Rollout, Sample, Skipped, Trace

SETTINGS = Probing(tuple(SIGNALS), batch_size=4)


def fit(group, length, prompt=10):
    sample = Sample(group, "?", (), "", "t")
    return Fit((sample, Rollout(group, 0, f"prompt of {group}", (65,) * length, "")), prompt)


def fits(*lengths):
    """Responses in groups, by place: a list of lengths is a group."""
    every = [fit(f"g{i}", length) for i, group in enumerate(lengths) for length in group]
    return dict(enumerate(every))


class TestBatches:
    def test_those_of_like_length_run_together(self):
        assert batches(fits([9], [2], [8], [3]), 2) == [[0, 2], [1, 3]]

    def test_those_of_like_prompts_run_together(self):
        four = {i: fit(f"g{i}", 5, prompt) for i, prompt in enumerate((90, 10, 80, 20))}
        assert batches(four, 2) == [[0, 2], [1, 3]]

    def test_little_is_padding(self):
        lengths = [int(n) for n in np.random.default_rng(0).lognormal(4, 0.6, 64)]
        in_order = [lengths[i : i + 8] for i in range(0, 64, 8)]
        packed_ = [
            [lengths[i] for i in batch] for batch in batches(fits(*([n] for n in lengths)), 8)
        ]
        padded = [sum(len(b) * max(b) - sum(b) for b in way) for way in (in_order, packed_)]
        assert padded[1] < padded[0] / 4

    def test_a_group_stays_together_even_where_another_would_fill_the_batch(self):
        assert batches(fits([5, 5, 5], [5, 5, 5], [5, 5, 5]), 4) == [
            [0, 1, 2],
            [3, 4, 5],
            [6, 7, 8],
        ]

    def test_a_group_larger_than_a_batch_is_cut_up_by_length(self):
        assert batches(fits([9, 1, 8, 2, 3]), 2) == [[0], [1, 3], [2, 4]]

    def test_a_group_is_one_wherever_its_responses_stand(self):
        mixed = dict(enumerate([fit("a", 5), fit("b", 5), fit("a", 5), fit("b", 5)]))
        assert batches(mixed, 2) == [[0, 2], [1, 3]]

    @given(
        st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=9), max_size=12),
        st.integers(1, 8),
    )
    def test_whatever_comes(self, lengths, size):
        some = fits(*lengths)
        found = batches(some, size)
        assert sorted(place for batch in found for place in batch) == list(some)
        assert all(len(batch) <= size for batch in found)
        assert [batch[0] for batch in found] == sorted(min(batch) for batch in found)
        for group in {one.group for one in some.values()}:
            its = {place for place, one in some.items() if one.group == group}
            if len(its) <= size:
                assert sum(not its.isdisjoint(batch) for batch in found) == 1

    @given(*(st.tuples(*[st.integers(1, 9)] * 4) for _ in range(2)))
    def test_padding_is_what_both_take_more_than_each(self, one, other):
        a, b = (Piece(tuple(range(rows)), *shape) for rows, *shape in (one, other))

        def positions(piece):
            return piece.prompts * piece.width + len(piece.places) * piece.length

        assert a.padding(b) == positions(a + b) - positions(a) - positions(b)


class TestOrder:
    @pytest.fixture(autouse=True)
    def small_windows(self, monkeypatch):
        monkeypatch.setattr(packing, "WINDOW", 5)

    @staticmethod
    def named(batch):
        return [sample.id for sample, _ in batch]

    def test_outcomes_come_in_the_order_of_the_items(self):
        skips = [Skipped(f"bad{i}", "probe", "why") for i in range(4)]
        items = [fit("a", 9), skips[0], fit("b", 1), fit("c", 8), skips[1], fit("d", 2), skips[2]]
        items += [skips[3]]
        told = list(packed(items, 2, self.named))
        assert told == ["a", skips[0], "b", "c", skips[1], "d", skips[2], skips[3]]

    @pytest.mark.parametrize("items", [[], [Skipped("bad", "probe", "why")] * 7])
    def test_without_anything_to_measure_nothing_runs(self, items):
        assert list(packed(items, 2, self.named)) == items

    def test_no_more_than_a_window_is_read_ahead(self):
        read = []

        def source():
            for number in range(20):
                read.append(number)
                yield fit(f"g{number}", 1 + number % 3)

        stream = packed(source(), 2, self.named)
        for number in range(20):
            assert next(stream) == f"g{number}"
            assert len(read) <= min(20, number + 2 * packing.WINDOW)
            if number == 0:
                assert len(read) == packing.WINDOW + 1

    def test_a_window_does_not_cut_a_group(self):
        ran = []
        items = [fit("a", 1)] * 4 + [fit("b", 1)] * 3 + [fit("c", 1)]
        list(packed(items, 4, lambda batch: ran.append(self.named(batch)) or batch))
        assert ran == [["a"] * 4, ["b"] * 3, ["c"]]

    def test_every_batch_lets_an_outcome_go(self, monkeypatch):
        monkeypatch.setattr(packing, "WINDOW", 256)
        rng, ran, waiting = np.random.default_rng(0), [], 0
        items = [fit(f"g{i}", int(rng.integers(1, 99))) for i in range(200)]

        def work(batch):
            ran.append(len(batch))
            return batch

        for told, _ in enumerate(packed(items, 4, work), start=1):
            assert told >= len(ran)
            waiting = max(waiting, sum(ran) - told)
        assert waiting < 200


@pytest.fixture(scope="module")
def said(tiny_vlm):
    """Responses to four prompts, of very unequal lengths, and two that cannot be measured."""
    rng, vlm = np.random.default_rng(0), tiny_vlm("qwen2_5_vl")
    samples, rollouts = {}, []
    for number, n in enumerate((3, 5, 1, 2)):
        pixels = rng.integers(0, 255, (24 + 8 * number, 32, 3), dtype=np.uint8)
        images = (Image.fromarray(pixels),) if number != 2 else ()
        sample = Sample(f"s{number}", "How many?" * (1 + number), images, "", "t")
        samples[sample.id] = sample
        for index in range(n):
            ids = tuple(rng.integers(5, 200, int(rng.integers(1, 30))).tolist())
            heat = {"temperature": (1.0, 0.7)[index % 2]}
            rollouts.append(Rollout(sample.id, index, vlm.render(sample), ids, "", sampling=heat))
    for place in (4, 9):
        rollouts[place] = replace(rollouts[place], response_ids=())
    return vlm, samples, rollouts


def traced(said, size):
    """All outcomes, measured in batches of this size."""
    vlm, samples, rollouts = said
    return list(iter_traces(vlm, rollouts, samples, replace(SETTINGS, batch_size=size)))


@pytest.fixture(scope="module")
def alone(said):
    """Every response measured by itself."""
    return traced(said, 1)


@pytest.mark.parametrize("window", [1, 4, 256])
@pytest.mark.parametrize("size", [2, 4, 16])
def test_packing_moves_no_number(said, alone, monkeypatch, size, window):
    monkeypatch.setattr(packing, "WINDOW", window)
    found = traced(said, size)
    assert [isinstance(one, Skipped) for one in found] == [i in (4, 9) for i in range(11)]
    for one, rollout, other in zip(found, said[2], alone, strict=True):
        if isinstance(one, Skipped):
            assert one == other and one.index == rollout.index
            continue
        assert isinstance(one, Trace) and one.rollout == rollout
        assert one.signals.keys() == other.signals.keys()
        for name, values in one.signals.items():
            limit = 1e-5 * np.abs(other.signals[name]).clip(min=1)
            assert (np.abs(values - other.signals[name]) <= limit).all(), name


def test_progress_moves_with_every_batch(said):
    vlm, samples, rollouts = said
    passes, at = [], []
    watch = vlm.norm.register_forward_hook(lambda *_: passes.append(1))
    outcomes = iter_traces(vlm, rollouts, samples, replace(SETTINGS, batch_size=4))
    for _ in outcomes:
        at.append(len(passes))
    watch.remove()
    assert len(at) == len(rollouts) and len(set(at)) == len(passes) // 3 > 2
