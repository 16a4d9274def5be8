"""Criteria against torch.nn's, over the whole range and past it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ablations.config import IDEAL_LOSSES
from ablations.parts.losses import CRITERIA, generator_loss, loss_per_seed

THEIRS = {
    "mse": nn.MSELoss(reduction="none"),
    "bce": nn.BCELoss(reduction="none"),
    "bce_logits": nn.BCEWithLogitsLoss(reduction="none"),
}


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_those_of_torch_nn(name: str, target: float, dtype: torch.dtype) -> None:
    """Down to logits where a Sigmoid is exactly 0 or 1. torch.nn's own float32 rounds to about 1e-6 here."""
    logits = torch.cat([torch.linspace(-200, 200, 801), torch.linspace(-2, 2, 41)]).to(dtype)
    results = []
    for criterion in (CRITERIA[name], lambda x, t: THEIRS[name](x, torch.full_like(x, t))):
        leaf = logits.clone().requires_grad_()
        losses = criterion(leaf if name == "bce_logits" else leaf.sigmoid(), target)
        (gradient,) = torch.autograd.grad(losses.sum(), leaf)
        results.append((losses.detach(), gradient))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6 if dtype == torch.float32 else 1e-13)


@pytest.mark.parametrize("name", CRITERIA)
def test_the_ideal_is_half(name: str) -> None:
    half = torch.full((3, 4, 1), 0.0 if name == "bce_logits" else 0.5, dtype=torch.float64)
    for target in (0.0, 1.0):
        assert loss_per_seed(CRITERIA[name], half, target).tolist() == pytest.approx([IDEAL_LOSSES[name]] * 3)


@pytest.mark.parametrize("name", CRITERIA)
def test_a_seed_that_is_not_finite_stays_alone(name: str) -> None:
    outputs = torch.full((3, 4, 1), 0.3)
    outputs[1, 2] = math.nan
    losses = loss_per_seed(CRITERIA[name], outputs, 1.0)
    assert losses.isfinite().tolist() == [True, False, True]


@pytest.mark.parametrize("name", CRITERIA)
def test_both_objectives_push_d_of_g_up_and_only_the_saturating_one_is_flat_where_d_wins(name: str) -> None:
    """S2-a: where D(G(z)) is near 0, log(1 - D(G(z))) has next to no gradient and -log D(G(z)) has a full one."""
    gradients = {}
    for objective in ("saturating", "non_saturating"):
        logit = torch.full((1, 1, 1), -8.0, dtype=torch.float64, requires_grad=True)
        outputs = logit if name == "bce_logits" else logit.sigmoid()
        (gradient,) = torch.autograd.grad(generator_loss(objective, CRITERIA[name], outputs).sum(), logit)
        gradients[objective] = gradient.item()
    assert gradients["saturating"] < 0
    assert gradients["non_saturating"] < 0
    if name != "mse":
        assert gradients["saturating"] == pytest.approx(-1 / (1 + math.exp(8)))
        assert gradients["non_saturating"] == pytest.approx(-1 / (1 + math.exp(-8)))
