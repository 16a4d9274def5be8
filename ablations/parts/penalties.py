"""Penalties: what is added to D's loss of D's gradient at images, seed by seed.

A penalty sees D as a function and draws nothing itself: its numbers come from the run's stream "penalty".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from ablations.config.free_settings import FreeSettings
from ablations.config.parts import PENALTIES
from ablations.parts.guards import guarded_penalty, loaded

Discriminate = Callable[[Tensor, Tensor], Tensor]
"""D's logits (seeds, batch, 1), before any output layer, of images (seeds, batch, values) that lie a share (seeds,
batch, 1) of the way from the fake to the real images; a conditional D is told labels mixed in that share too."""
Penalty = Callable[[Discriminate, Tensor, Tensor, Tensor], Tensor]
"""From D, real images, fake images (seeds, batch, values) and uniform draws (seeds, batch, draws) to (seeds,)."""


def penalty_function(name: str, settings: Mapping[str, Any] = FreeSettings()) -> Penalty | None:
    """By its name; `settings` are those of a user's own. None: nothing is added to D's loss."""
    return cast("Penalty | None", loaded(PENALTIES, name, guarded_penalty, settings))


def gradient_penalty(discriminate: Discriminate, real: Tensor, fake: Tensor, draws: Tensor) -> Tensor:
    """Gulrajani et al. 2017: the mean of (|gradient| - 1)^2 at images between a real and a fake one each."""
    between = torch.lerp(fake, real, draws)
    norms = torch.linalg.vector_norm(_gradients(discriminate, between, draws), dim=2)  # of 0, its gradient is 0
    excess: Tensor = norms - 1
    return excess.square().mean(1)


def r1(discriminate: Discriminate, real: Tensor, fake: Tensor, draws: Tensor) -> Tensor:
    """Mescheder et al. 2018: half the mean of |gradient|^2 at the real images."""
    gradients = _gradients(discriminate, real, real.new_ones(*real.shape[:2], 1))
    return gradients.square().sum(2).mean(1) / 2


def _gradients(discriminate: Discriminate, images: Tensor, share: Tensor) -> Tensor:
    """The gradient of D's logit with respect to each image, (seeds, batch, values), with a graph of its own.

    Samples and seeds share no term of the sum, so that each gradient is its own image's.
    """
    leaf = images.detach().requires_grad_()
    logits = discriminate(leaf, share)
    (gradient,) = torch.autograd.grad(logits.sum(), leaf, create_graph=True)
    return gradient
