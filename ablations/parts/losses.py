"""Losses: what D and G minimise, of D's outputs on real and on fake images. Pure functions; they draw nothing.

Outputs have the shape (seeds, batch, 1), a loss (seeds,). No loss raises for a value that is not finite: a seed that
diverges must not stop its neighbours in the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.config.errors import ConfigError
from ablations.config.free_settings import FreeSettings
from ablations.config.parts import LOSSES
from ablations.parts.guards import GuardedLoss, loaded

Function = Callable[[Tensor], Tensor]
"""From outputs to a loss of each, of the same shape."""


class LossFunction(Protocol):
    """D's loss in two halves, and G's. `other` are D's outputs on the other kind of images, given where the loss is
    `paired` (see `config.parts.LossFacts`) and None elsewhere.
    """

    def real_half(self, real: Tensor, other: Tensor | None) -> Tensor: ...

    def fake_half(self, fake: Tensor, other: Tensor | None) -> Tensor: ...

    def generator(self, fake: Tensor, other: Tensor | None) -> Tensor:
        """G's loss that does not saturate where D wins."""
        ...

    def saturating(self, fake: Tensor, other: Tensor | None) -> Tensor:
        """G's loss in the minimax game: minus D's."""
        ...


def loss_function(name: str, settings: Mapping[str, Any] = FreeSettings()) -> LossFunction:
    """By its name; `settings` are those of a user's own. Raises `PartError` where such a one cannot be made."""
    return cast(LossFunction, loaded(LOSSES, name, GuardedLoss, settings))


def generator_loss(objective: str, loss: LossFunction, fake: Tensor, other: Tensor | None = None) -> Tensor:
    """G's loss, of shape (seeds,), from D's outputs on fakes.

    Non-saturating: for BCE the -log D(G(z)) of Goodfellow et al. 2014 (S2's heuristic, S3, S4). Saturating: for BCE the
    log(1 - D(G(z))) of the minimax game.
    """
    return {"non_saturating": loss.generator, "saturating": loss.saturating}[objective](fake, other)


@dataclass(frozen=True)
class Halves:
    """A loss whose halves each see one kind of images. Without a function of its own, G minimises `on_real` of fakes:
    it wants them taken for real.
    """

    on_real: Function
    on_fake: Function
    of_generator: Function | None = None

    def real_half(self, real: Tensor, other: Tensor | None) -> Tensor:
        return _mean(self.on_real(real))

    def fake_half(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return _mean(self.on_fake(fake))

    def generator(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return _mean((self.of_generator or self.on_real)(fake))

    def saturating(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return -_mean(self.on_fake(fake))


@dataclass(frozen=True)
class RelativisticAverage:
    """Jolicoeur-Martineau 2018, RaSGAN: how much more real an image looks than the other kind on average, as a logit.

    G's loss is D's with the two kinds exchanged, as the mean of its halves.
    """

    def real_half(self, real: Tensor, other: Tensor | None) -> Tensor:
        return _mean(_cross_entropy_of_real(_relative(real, other)))

    def fake_half(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return _mean(_cross_entropy_of_fake(_relative(fake, other)))

    def generator(self, fake: Tensor, other: Tensor | None) -> Tensor:
        assert other is not None, "a paired loss sees both kinds"
        return (self.real_half(fake, other) + self.fake_half(other, fake)) / 2

    def saturating(self, fake: Tensor, other: Tensor | None) -> Tensor:
        assert other is not None, "a paired loss sees both kinds"
        return -(self.real_half(other, fake) + self.fake_half(fake, other)) / 2


def _mean(losses: Tensor) -> Tensor:
    try:
        return losses.mean((1, 2))
    except (IndexError, AttributeError) as error:  # of a user's own
        found: Any = losses
        shape = getattr(found, "shape", ())
        given = f"a tensor of shape {tuple(shape)}" if shape else "one number"
        if not hasattr(found, "__float__"):
            given = f"a {type(found).__name__}"
        raise ConfigError(f"gives {given}; it must give one number for each output: reduction='none'") from error


def _relative(outputs: Tensor, other: Tensor | None) -> Tensor:
    assert other is not None, "a paired loss sees both kinds"
    return outputs - other.mean(1, keepdim=True)


class _BinaryCrossEntropy(torch.autograd.Function):
    """torch.nn.BCELoss without its check of the range: logarithms clamped at -100, the gradient's divisor at 1e-12."""

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, target: float) -> Tensor:
        ctx.save_for_backward(outputs)
        ctx.target = target
        logarithm = torch.log(outputs) if target else torch.log1p(-outputs)
        return logarithm.clamp_min_(-100).neg_()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (outputs,) = ctx.saved_tensors
        divisor = (outputs * (1 - outputs)).clamp_min_(1e-12)
        return gradients[0] * (outputs - ctx.target) / divisor, None


def _bce(target: float) -> Function:
    def loss(outputs: Tensor) -> Tensor:
        result: Tensor = _BinaryCrossEntropy.apply(outputs, target)
        return result

    return loss


def _cross_entropy_of_real(logits: Tensor) -> Tensor:
    return -F.logsigmoid(logits)


def _cross_entropy_of_fake(logits: Tensor) -> Tensor:
    return -F.logsigmoid(-logits)


MSE = Halves(lambda outputs: (outputs - 1.0).square(), lambda outputs: (outputs - 0.0).square())
"""Mao et al. 2017, least squares."""
BCE = Halves(_bce(1.0), _bce(0.0))
BCE_LOGITS = Halves(_cross_entropy_of_real, _cross_entropy_of_fake)
HINGE = Halves(lambda outputs: (1 - outputs).relu(), lambda outputs: (1 + outputs).relu(), torch.neg)
"""Lim and Ye 2017; Miyato et al. 2018."""
WASSERSTEIN = Halves(torch.neg, lambda outputs: outputs)
"""Arjovsky et al. 2017. D must be kept from growing steep: by a penalty or by spectral normalisation."""
RELATIVISTIC = RelativisticAverage()
