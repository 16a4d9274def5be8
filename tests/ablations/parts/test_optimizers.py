"""The built-in optimizers against PyTorch's own classes, and what the way around these spares a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from ablations.config import Optimizer
from ablations.parts.optimizers import AnyOptimizer, build_optimizer
from tests.ablations.loaded import loaded_by

SHAPES = ((3, 7, 5), (3, 5), (3, 1))
THEIRS: dict[Optimizer, Callable[[Sequence[Tensor]], torch.optim.Optimizer]] = {
    Optimizer(name="adam", learning_rate=2e-3, beta1=0.5, beta2=0.99): lambda parameters: torch.optim.Adam(
        parameters, lr=2e-3, betas=(0.5, 0.99), fused=True
    ),
    Optimizer(name="sgd", learning_rate=0.05): lambda parameters: torch.optim.SGD(parameters, lr=0.05, fused=True),
    Optimizer(name="sgd", learning_rate=0.05, momentum=0.9): lambda parameters: torch.optim.SGD(
        parameters, lr=0.05, momentum=0.9, fused=True
    ),
}
each_optimizer = pytest.mark.parametrize("config", THEIRS, ids=lambda config: f"{config.name} {config.momentum}")


def leaves(dtype: torch.dtype) -> list[Tensor]:
    numbers = torch.Generator().manual_seed(1)
    return [torch.randn(shape, generator=numbers, dtype=dtype).requires_grad_() for shape in SHAPES]


def walk(optimizer: AnyOptimizer, parameters: Sequence[Tensor], steps: range) -> None:
    for step in steps:
        numbers = torch.Generator().manual_seed(step)
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=numbers, dtype=parameter.dtype)
        optimizer.step()


@each_optimizer
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_agree_with_pytorchs_classes_to_the_bit(config: Optimizer, dtype: torch.dtype) -> None:
    ours, theirs = leaves(dtype), leaves(dtype)
    mine, other = build_optimizer(config, ours), THEIRS[config](theirs)
    walk(mine, ours, range(20))
    walk(other, theirs, range(20))
    assert all(torch.equal(x, y) for x, y in zip(ours, theirs, strict=True))
    kept = other.state_dict()["state"]
    found = mine.state_dict()["state"]
    for index, values in kept.items():
        for name, value in values.items():
            assert value is None or torch.equal(found[index][name], value)


@each_optimizer
def test_one_that_goes_on_from_a_state_is_the_same(config: Optimizer) -> None:
    """Also from a state that PyTorch's own class has left."""
    whole, theirs = leaves(torch.float32), leaves(torch.float32)
    walk(build_optimizer(config, whole), whole, range(12))
    other = THEIRS[config](theirs)
    walk(other, theirs, range(5))
    state = {index: {k: v for k, v in kept.items() if v is not None} for index, kept in enumerate(_states(other))}
    resumed = build_optimizer(config, theirs)
    resumed.load_state_dict({"state": {index: values for index, values in state.items() if values}})
    walk(resumed, theirs, range(5, 12))
    assert all(torch.equal(x, y) for x, y in zip(whole, theirs, strict=True))


def _states(optimizer: torch.optim.Optimizer) -> list[dict[str, Tensor | None]]:
    (group,) = optimizer.param_groups
    return [optimizer.state[parameter] for parameter in group["params"]]


def test_training_loads_no_compiler() -> None:
    """PyTorch's, Triton's and SymPy's modules: over 100 MiB and a second in every worker."""
    code = (
        "from ablations.catalog import BASELINE\n"
        "from ablations.data import load_dataset\n"
        "from ablations.training.engine import choose_engine, set_up\n"
        "from ablations.training.seed_group import SeedGroup\n"
        "engine = choose_engine('cpu')\n"
        "set_up(engine)\n"
        "SeedGroup(BASELINE, range(2), load_dataset('digits'), engine).advance(2)\n"
    )
    assert not loaded_by(code) & {"torch._dynamo", "torch._inductor", "triton", "sympy", "pandas", "mlflow"}
