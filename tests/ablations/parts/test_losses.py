"""Losses against torch.nn's, over the whole range and past it, and against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ablations.config.parts import LOSSES
from ablations.parts.losses import RELATIVISTIC, Halves, generator_loss, loss_function

THEIRS = {
    "mse": nn.MSELoss(reduction="none"),
    "bce": nn.BCELoss(reduction="none"),
    "bce_logits": nn.BCEWithLogitsLoss(reduction="none"),
}


def halves(name: str) -> Halves:
    found = loss_function(name)
    assert isinstance(found, Halves)
    return found


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_those_of_torch_nn(name: str, target: float, dtype: torch.dtype) -> None:
    """Down to logits where a Sigmoid is exactly 0 or 1. torch.nn's own float32 rounds to about 1e-6 here."""
    logits = torch.cat([torch.linspace(-200, 200, 801), torch.linspace(-2, 2, 41)]).to(dtype)
    results = []
    ours_of = halves(name).on_real if target else halves(name).on_fake
    for criterion in (ours_of, lambda x: THEIRS[name](x, torch.full_like(x, target))):
        leaf = logits.clone().requires_grad_()
        losses = criterion(leaf if name == "bce_logits" else leaf.sigmoid())
        (gradient,) = torch.autograd.grad(losses.sum(), leaf)
        results.append((losses.detach(), gradient))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6 if dtype == torch.float32 else 1e-13)


def undecided(name: str) -> Tensor:
    """Outputs of a D that cannot tell: a probability of one half, or a logit of 0."""
    return torch.full((3, 4, 1), 0.5 if "sigmoid" in LOSSES[name].outputs else 0.0, dtype=torch.float64)


@pytest.mark.parametrize("name", LOSSES)
def test_the_ideal_is_where_d_cannot_tell(name: str) -> None:
    facts, loss, outputs = LOSSES[name], loss_function(name), undecided(name)
    values = [loss.real_half(outputs, outputs), loss.fake_half(outputs, outputs)]
    if facts.ideal is not None:
        for value in values:
            assert value.tolist() == pytest.approx([facts.ideal] * 3)
    if facts.generator_ideal is not None:
        assert loss.generator(outputs, outputs).tolist() == pytest.approx([facts.generator_ideal] * 3)
    minimax = -sum(values) / 2 if facts.paired else -values[1]
    torch.testing.assert_close(loss.saturating(outputs, outputs), minimax)


@pytest.mark.parametrize("name", LOSSES)
def test_a_seed_that_is_not_finite_stays_alone(name: str) -> None:
    outputs = torch.full((3, 4, 1), 0.3)
    spoiled = outputs.clone()
    spoiled[1, 2] = math.nan
    loss = loss_function(name)
    for value in (loss.real_half(spoiled, outputs), loss.fake_half(outputs, spoiled), loss.generator(spoiled, outputs)):
        assert value.isfinite()[[0, 2]].all()
    assert not loss.real_half(spoiled, outputs).isfinite()[1]


@pytest.mark.parametrize("name", LOSSES)
def test_d_wants_real_up_and_fakes_down_and_g_wants_fakes_up(name: str) -> None:
    """Whatever the loss, at outputs a little away from undecided."""
    loss, base = loss_function(name), undecided(name)
    real, fake = ((base + shift).requires_grad_() for shift in (0.1, -0.1))
    d_loss = loss.real_half(real, fake) + loss.fake_half(fake, real)
    to_real, to_fake = torch.autograd.grad(d_loss.sum(), (real, fake))
    assert (to_real < 0).all()
    assert (to_fake > 0).all()
    for objective in ("non_saturating", "saturating"):
        (gradient,) = torch.autograd.grad(generator_loss(objective, loss, fake, real).sum(), fake)
        assert (gradient < 0).all()


@pytest.mark.parametrize("name", THEIRS)
def test_both_objectives_push_d_of_g_up_and_only_the_saturating_one_is_flat_where_d_wins(name: str) -> None:
    """S2-a: where D(G(z)) is near 0, log(1 - D(G(z))) has next to no gradient and -log D(G(z)) has a full one."""
    gradients = {}
    for objective in ("saturating", "non_saturating"):
        logit = torch.full((1, 1, 1), -8.0, dtype=torch.float64, requires_grad=True)
        outputs = logit if name == "bce_logits" else logit.sigmoid()
        (gradient,) = torch.autograd.grad(generator_loss(objective, loss_function(name), outputs).sum(), logit)
        gradients[objective] = gradient.item()
    assert gradients["saturating"] < 0
    assert gradients["non_saturating"] < 0
    if name != "mse":
        assert gradients["saturating"] == pytest.approx(-1 / (1 + math.exp(8)))
        assert gradients["non_saturating"] == pytest.approx(-1 / (1 + math.exp(-8)))


def test_the_hinge_is_flat_past_its_margin_and_g_has_none() -> None:
    sure = torch.full((1, 2, 1), 3.0)
    hinge = loss_function("hinge")
    assert hinge.real_half(sure, None).item() == hinge.fake_half(-sure, None).item() == 0
    assert hinge.generator(sure, None).item() == -3


def test_a_relativistic_loss_depends_on_differences_alone() -> None:
    """As the Wasserstein loss of D does: to raise all outputs alike changes nothing."""
    rng = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(2, 5, 1, generator=rng, dtype=torch.float64) for _ in range(2))
    for half, one, other in ((RELATIVISTIC.real_half, real, fake), (RELATIVISTIC.generator, fake, real)):
        torch.testing.assert_close(half(one, other), half(one + 7, other + 7))
