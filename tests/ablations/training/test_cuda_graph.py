"""The recorded step does what the step does: checked on a CPU with a recorder that replays by calling."""

from __future__ import annotations

from typing import Literal

import pytest
import torch

from ablations.config import Engine
from ablations.training.cuda_graph import CapturedStep, tensors_of
from ablations.training.engine import set_up
from ablations.training.step import TrainStep
from tests.ablations.training.recorded import captured, record_by_calling
from tests.ablations.training.small_groups import CNN, DROPOUT, RELATIVISTIC, SMALL, SPECTRAL, digest, group, trained

SGD = SMALL.override(
    {
        f"{side}_optimizer.{k}": v
        for side in ("generator", "discriminator")
        for k, v in (("name", "sgd"), ("momentum", 0.9))
    }
)
VARIANTS = {
    "mlp": SMALL,
    "dropout-conditional": DROPOUT,
    "cnn-batch-norm": CNN,
    "sgd-momentum": SGD,
    "cnn-spectral-penalty": SPECTRAL,
    "relativistic-joint-batch-norm": RELATIVISTIC,
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_captured_group_trains_as_an_eager_one(name: str) -> None:
    eager, recorded = trained(VARIANTS[name], steps=9), captured(VARIANTS[name])
    recorded.advance(9)
    assert [digest(eager, slot) for slot in range(4)] == [digest(recorded, slot) for slot in range(4)]
    assert eager.take_curves().tobytes() == recorded.take_curves().tobytes()


def test_warming_up_is_put_back_in_the_middle_of_a_training_too() -> None:
    eager, recorded = trained(steps=9), trained(steps=4)
    networks = recorded._networks()
    recorded._train_step = CapturedStep(TrainStep(SMALL, *networks), networks, record_by_calling)
    recorded.advance(5)
    assert digest(eager, 2) == digest(recorded, 2)


def test_draws_are_copied_never_kept() -> None:
    one = captured(DROPOUT)
    draws = one._sampler.at(0)
    before = [value.clone() for value in tensors_of(draws)]
    one._train_step(draws)
    one._train_step(one._sampler.at(1))
    for value, kept in zip(tensors_of(draws), before, strict=True):
        assert torch.equal(value, kept)


@pytest.mark.cuda
@pytest.mark.parametrize("name", VARIANTS)
def test_a_cuda_graph_trains_as_the_eager_step_does(name: str) -> None:
    engine = Engine(device="cuda")
    set_up(engine)
    recorded, eager = group(VARIANTS[name], engine=engine), group(VARIANTS[name], engine=engine)
    eager._train_step = TrainStep(VARIANTS[name], *eager._networks())
    recorded.advance(9)
    eager.advance(9)
    for slot in range(4):
        for ours, theirs in zip(recorded.weights(slot).values(), eager.weights(slot).values(), strict=True):
            torch.testing.assert_close(torch.from_numpy(ours), torch.from_numpy(theirs), rtol=1e-4, atol=1e-5)
    assert recorded.take_curves().shape == eager.take_curves().shape


@pytest.mark.cuda
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_on_a_gpu_a_stopped_training_goes_on_to_the_bit(precision: Literal["float32", "bfloat16"]) -> None:
    engine = Engine(device="cuda", precision=precision)
    set_up(engine)
    whole, part, rest = (group(DROPOUT, engine=engine) for _ in range(3))
    whole.advance(9)
    part.advance(4)
    rest.load_state(part.state(), 4)
    rest.advance(5)
    assert [digest(rest, slot) for slot in range(4)] == [digest(whole, slot) for slot in range(4)]
