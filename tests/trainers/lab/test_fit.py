"""Training stops and goes on as if it had not stopped."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from saccade.trainers.lab.demonstrations import Demonstrations
from saccade.trainers.lab.fit import Schedule, fit


class Lengths(nn.Module):
    """Learns how long responses are: enough to train on."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(1, 1)

    def forward(self, batch):
        x = torch.tensor([[len(d.question) / 100] for d in batch])
        y = torch.tensor([[len(d.response) / 100] for d in batch])
        return ((self.line(x) - y) ** 2).mean()


SCHEDULE = Schedule(120, rate=0.02, batch=4, warmup=10, save_every=40)


class Killed(Exception):
    """Stands for a kill."""


def train(path, stop_at=None):
    model = Lengths()

    def on_step(step, loss):
        if step == stop_at:
            raise Killed

    curve = fit(model, Demonstrations(60, 0), schedule=SCHEDULE, checkpoint=path, on_step=on_step)
    return [p.tolist() for p in model.parameters()], curve


def test_a_killed_training_ends_with_the_same_weights_and_curve(tmp_path):
    whole = train(tmp_path / "whole.pt")
    with pytest.raises(Killed):
        train(tmp_path / "cut.pt", stop_at=77)
    assert train(tmp_path / "cut.pt") == whole
    assert [step for step, _ in whole[1]] == [50, 100]


def test_a_finished_training_is_not_done_again(tmp_path):
    first = train(tmp_path / "x.pt")
    steps = []
    model = Lengths()
    curve = fit(
        model,
        Demonstrations(60, 0),
        schedule=SCHEDULE,
        checkpoint=tmp_path / "x.pt",
        on_step=lambda step, loss: steps.append(step),
    )
    assert not steps
    assert curve == first[1]
    assert [p.tolist() for p in model.parameters()] == first[0]


def test_loss_falls(tmp_path):
    _, curve = train(tmp_path / "x.pt")
    assert curve[-1][1] < curve[0][1]


def test_the_rate_rises_holds_and_falls_to_nothing():
    rates = [SCHEDULE.rate_at(step) for step in range(120)]
    assert rates[0] == pytest.approx(0.002)
    assert rates[9:90] == pytest.approx([0.02] * 81)
    assert rates[105] == pytest.approx(0.01)
    assert 0 < rates[119] < 0.001
    assert Schedule(120, rate=0.02, warmup=10, descent=0).rate_at(119) == 0.02


@pytest.mark.parametrize("change", ["schedule", "data", "weights"])
def test_a_checkpoint_of_another_training_is_not_gone_on_from(tmp_path, change):
    train(tmp_path / "x.pt")
    model, steps = Lengths(), []
    if change == "weights":
        nn.init.zeros_(model.line.weight)
    fit(
        model,
        Demonstrations(60, seed=int(change == "data")),
        schedule=replace(SCHEDULE, rate=0.01) if change == "schedule" else SCHEDULE,
        checkpoint=tmp_path / "x.pt",
        on_step=lambda step, loss: steps.append(step),
    )
    assert steps == list(range(1, 121))
