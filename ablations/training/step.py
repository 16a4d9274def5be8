"""The training step: one iteration of a stack of seeds, a pure function of its tensors and of the draws it is given.

Losses of different seeds are summed before the backward pass. They share no tensor, so each seed's gradient is its own.
Nothing is read out here; what a step measured comes back as one tensor on the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ablations.config import Variant
from ablations.parts.losses import CRITERIA, generator_loss, loss_per_seed
from ablations.parts.networks import PROBABILITIES, StackedNetwork, discriminator_network, generator_network, join

_FAKE_SHARES = {"sum": 1.0, "mean": 0.5}


@dataclass(frozen=True)
class DiscriminatorDraw:
    """What one update of D needs. Shapes: images (seeds, batch, 784); labels (seeds, batch) or None where
    unconditional; latents (seeds, batch, size); generator masks (seeds, batch, ...); discriminator masks (seeds, 2 *
    batch, ...), the first half for the real images.
    """

    images: Tensor
    labels: Tensor | None
    latents: Tensor
    fake_labels: Tensor | None
    generator_masks: Sequence[Tensor] = ()
    discriminator_masks: Sequence[Tensor] = ()


@dataclass(frozen=True)
class GeneratorDraw:
    """What G's update needs. Where it reuses D's latents, only the discriminator masks are read."""

    latents: Tensor | None
    labels: Tensor | None
    generator_masks: Sequence[Tensor] = ()
    discriminator_masks: Sequence[Tensor] = ()


@dataclass(frozen=True)
class Draws:
    """Everything random in one iteration."""

    discriminator: Sequence[DiscriminatorDraw]
    generator: GeneratorDraw


class Side:
    """One network with its stacked tensors and its optimizer."""

    def __init__(self, network: StackedNetwork, tensors: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
        self.network = network
        self.tensors = tensors
        self.optimizer = optimizer
        self.parameters = [tensors[spec.name] for spec in network.tensors if not spec.is_buffer]

    def update(self, loss: Tensor, *, also: Sequence[Tensor] = ()) -> Tensor:
        """One optimizer step on the gradient of `loss`; returns the squared gradient norms, of shape (seeds,).

        The gradient with respect to `also` is computed and thrown away.
        """
        gradients = torch.autograd.grad(loss, [*self.parameters, *also])[: len(self.parameters)]
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        norms = [torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients]
        self.optimizer.step()
        for parameter in self.parameters:
            parameter.grad = None
        return torch.stack(norms).square().sum(0)


class TrainStep:
    """The step of a variant, on the two sides it updates in place."""

    def __init__(self, variant: Variant, generator: Side, discriminator: Side) -> None:
        self._criterion = CRITERIA[variant.loss.criterion]
        self._objective = variant.loss.generator
        self._share = _FAKE_SHARES[variant.loss.discriminator_reduction]
        self._probability = PROBABILITIES[variant.discriminator.output]
        self._two_steps = variant.update.discriminator == "two_steps"
        self._same_latents = variant.update.generator_latents == "same"
        self._detach = variant.update.detach
        self._g = generator
        self._d = discriminator

    def __call__(self, draws: Draws) -> Tensor:
        """One iteration. Returns the quantities of `quantities.CURVES`, of shape (7, seeds)."""
        records, fake = [], None
        for draw in draws.discriminator:
            fake = self._fakes(draw)
            records.append(self._update_discriminator(draw, fake))
        d_loss_real, d_loss_fake, d_real, d_fake, d_squared = torch.stack(records).mean(0)
        g_loss, g_squared = self._update_generator(draws, fake)
        return torch.stack([d_loss_real, d_loss_fake, g_loss, d_real, d_fake, d_squared.sqrt(), g_squared.sqrt()])

    def _fakes(self, draw: DiscriminatorDraw) -> Tensor:
        """G's images for D's update; with a graph only where G's update shares it, or where it is to be paid for."""
        with torch.set_grad_enabled(self._same_latents or not self._detach):
            inputs = join(draw.latents, draw.fake_labels)
            return self._g.network(self._g.tensors, inputs, training=True, masks=draw.generator_masks)

    def _update_discriminator(self, draw: DiscriminatorDraw, fake: Tensor) -> Tensor:
        real = join(draw.images, draw.labels)
        fake_inputs = join(fake.detach() if self._detach else fake, draw.fake_labels)
        also = () if self._detach else self._g.parameters
        batch = real.shape[1]
        if self._two_steps:
            real_output = self._discriminate(real, [mask[:, :batch] for mask in draw.discriminator_masks])
            loss_real = loss_per_seed(self._criterion, real_output, 1.0)
            squared_real = self._d.update(loss_real.sum())
            fake_output = self._discriminate(fake_inputs, [mask[:, batch:] for mask in draw.discriminator_masks])
            loss_fake = loss_per_seed(self._criterion, fake_output, 0.0)
            squared = (squared_real + self._d.update(loss_fake.sum(), also=also)) / 2
        else:
            real_output, fake_output = self._discriminate_both(real, fake_inputs, draw.discriminator_masks)
            loss_real = loss_per_seed(self._criterion, real_output, 1.0)
            loss_fake = loss_per_seed(self._criterion, fake_output, 0.0)
            squared = self._d.update(self._share * (loss_real + loss_fake).sum(), also=also)
        with torch.no_grad():
            d_real, d_fake = (self._probability(output).mean((1, 2)) for output in (real_output, fake_output))
            return torch.stack([loss_real, loss_fake, d_real, d_fake, squared])

    def _discriminate(self, inputs: Tensor, masks: Sequence[Tensor]) -> Tensor:
        return self._d.network(self._d.tensors, inputs, training=True, masks=masks)

    def _discriminate_both(self, real: Tensor, fake: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """D on both halves: in one pass, unless batch statistics would mix them."""
        batch = real.shape[1]
        if self._d.network.uses_batch_statistics:
            return (
                self._discriminate(real, [mask[:, :batch] for mask in masks]),
                self._discriminate(fake, [mask[:, batch:] for mask in masks]),
            )
        both = self._discriminate(torch.cat([real, fake], 1), masks)
        return both[:, :batch], both[:, batch:]

    def _update_generator(self, draws: Draws, fake: Tensor | None) -> tuple[Tensor, Tensor]:
        draw = draws.generator
        if self._same_latents:
            assert fake is not None
            labels = draws.discriminator[-1].fake_labels
        else:
            assert draw.latents is not None
            labels = draw.labels
            inputs = join(draw.latents, labels)
            fake = self._g.network(self._g.tensors, inputs, training=True, masks=draw.generator_masks)
        output = self._discriminate(join(fake, labels), draw.discriminator_masks)
        loss = generator_loss(self._objective, self._criterion, output)
        squared = self._g.update(loss.sum())
        return loss.detach(), squared


def build_networks(variant: Variant) -> tuple[StackedNetwork, StackedNetwork]:
    """G and D of a variant."""
    return generator_network(variant), discriminator_network(variant)
