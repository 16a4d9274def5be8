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
from ablations.config.parts import LOSSES
from ablations.parts.layers import Tensors
from ablations.parts.losses import generator_loss, loss_function
from ablations.parts.networks import StackedNetwork
from ablations.parts.optimizers import AnyOptimizer
from ablations.parts.penalties import Penalty, penalty_function

_FAKE_SHARES = {"sum": 1.0, "mean": 0.5}


@dataclass(frozen=True)
class DiscriminatorDraw:
    """What one update of D needs. Shapes: images (seeds, batch, values); labels (seeds, batch) or None where
    unconditional; latents (seeds, batch, size); generator masks (seeds, batch, ...); discriminator masks (seeds, 2 *
    batch, ...), the first half for the real images; penalty (seeds, batch, draws), uniform in [0, 1), or None.
    """

    images: Tensor
    labels: Tensor | None
    latents: Tensor
    fake_labels: Tensor | None
    generator_masks: Sequence[Tensor] = ()
    discriminator_masks: Sequence[Tensor] = ()
    penalty: Tensor | None = None


@dataclass(frozen=True)
class GeneratorDraw:
    """What G's update needs. Where it reuses D's latents, only the discriminator masks are read; these have a first
    half for real images where the update shows D some.
    """

    latents: Tensor | None
    labels: Tensor | None
    generator_masks: Sequence[Tensor] = ()
    discriminator_masks: Sequence[Tensor] = ()


@dataclass(frozen=True)
class Draws:
    """Everything random in one iteration."""

    discriminator: Sequence[DiscriminatorDraw]
    generator: Sequence[GeneratorDraw]


class TrainedNetwork:
    """One network with its stacked tensors and its optimizer.

    `operands` is the type in which products take their weights, None for the tensors' own: they are rounded once an
    update, and the gradient comes to the tensors through the rounding.
    """

    def __init__(
        self,
        network: StackedNetwork,
        tensors: dict[str, Tensor],
        optimizer: AnyOptimizer,
        operands: torch.dtype | None = None,
    ) -> None:
        self.network = network
        self.tensors = tensors
        self.optimizer = optimizer
        self.parameters = [tensors[spec.name] for spec in network.tensors if not spec.is_buffer]
        self._operands = operands
        self.round_weights()

    def __call__(self, inputs: Tensor, masks: Sequence[Tensor] = (), *, logits: bool = False) -> Tensor:
        """The network in training, on inputs (seeds, batch, ...)."""
        return self.network(self._rounded, inputs, training=True, masks=masks, logits=logits, operands=self._operands)

    def round_weights(self) -> None:
        """To be called whenever the tensors have new values."""
        self._rounded: Tensors = self.tensors
        if self._operands is not None and self.network.weight_norm is None:
            with torch.enable_grad():
                self._rounded = self.network.as_operands(self.tensors, self._operands)

    def update(self, loss: Tensor, *, also: Sequence[Tensor] = ()) -> Tensor:
        """One optimizer step on the gradient of `loss`; returns the squared gradient norms, of shape (seeds,).

        The gradient with respect to `also` is computed and thrown away.
        """
        unused = self.network.own is not None or bool(also)  # a module may have parameters that it does not use
        wanted = [*self.parameters, *also]
        found: tuple[Tensor | None, ...] = torch.autograd.grad(loss, wanted, allow_unused=unused)
        gradients = [g if g is not None else torch.zeros_like(p) for g, p in zip(found, self.parameters, strict=False)]
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            # A fused optimizer reads memory in order, and a penalty's second derivatives can come transposed.
            parameter.grad = in_order_of(parameter, gradient)
        norms = [
            torch.linalg.vector_norm(rows_of(parameter, gradient), dim=1)
            for parameter, gradient in zip(self.parameters, gradients, strict=True)
        ]
        self.optimizer.step()
        for parameter in self.parameters:
            parameter.grad = None
        self.round_weights()
        return torch.stack(norms).square().sum(0)


class TrainStep:
    """The step of a variant, on the two networks it updates in place."""

    def __init__(self, variant: Variant, generator: TrainedNetwork, discriminator: TrainedNetwork) -> None:
        self._loss = loss_function(variant.loss.criterion, variant.loss.settings)
        self._penalty = penalty_function(variant.loss.penalty, variant.loss.penalty_settings)
        self._penalty_weight = variant.loss.penalty_weight
        self._objective = variant.loss.generator
        self._share = _FAKE_SHARES[variant.loss.discriminator_reduction]
        self._probability = discriminator.network.output.probability
        self._apart = discriminator.network.uses_batch_statistics and variant.update.batch_statistics == "separate"
        self._shows_real = generator_step_shows_real(variant, discriminator.network)
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
            records.append(self.update_discriminator(draw, fake))
        d_loss_real, d_loss_fake, d_real, d_fake, d_squared = torch.stack(records).mean(0)
        shown = draws.discriminator[-1]
        g_loss, g_squared = _mean([self._update_generator(draw, shown, fake) for draw in draws.generator])
        return torch.stack([d_loss_real, d_loss_fake, g_loss, d_real, d_fake, _root(d_squared), _root(g_squared)])

    def _fakes(self, draw: DiscriminatorDraw) -> Tensor:
        """G's images for D's update; with a graph only where G's update shares it, or where it is to be paid for."""
        with torch.set_grad_enabled(self._same_latents or not self._detach):
            inputs = self._g.network.append_one_hot(draw.latents, draw.fake_labels)
            return self._g(inputs, draw.generator_masks)

    def update_discriminator(self, draw: DiscriminatorDraw, fake: Tensor) -> Tensor:
        """D's update on the images of a draw and on fakes (seeds, batch, values). Returns both halves of its loss, its
        mean probabilities of real and of fake images, and its squared gradient norms, of shape (5, seeds).
        """
        one_hot = self._d.network.append_one_hot
        real = one_hot(draw.images, draw.labels)
        fake_inputs = one_hot(fake.detach() if self._detach else fake, draw.fake_labels)
        also = () if self._detach else self._g.parameters
        batch = real.shape[1]
        if self._two_steps:
            real_output = self._discriminate(real, [mask[:, :batch] for mask in draw.discriminator_masks])
            loss_real = self._loss.real_half(real_output, None)
            squared_real = self._d.update(loss_real.sum())
            fake_output = self._discriminate(fake_inputs, [mask[:, batch:] for mask in draw.discriminator_masks])
            loss_fake = self._loss.fake_half(fake_output, None)
            squared = (squared_real + self._d.update(loss_fake.sum(), also=also)) / 2
        else:
            real_output, fake_output = self._discriminate_both(real, fake_inputs, draw.discriminator_masks)
            loss_real = self._loss.real_half(real_output, fake_output)
            loss_fake = self._loss.fake_half(fake_output, real_output)
            loss = self._share * (loss_real + loss_fake).sum()
            if self._penalty:
                loss = loss + self._penalty_weight * self._penalized(self._penalty, draw, real, fake_inputs).sum()
            squared = self._d.update(loss, also=also)
        with torch.no_grad():
            d_real, d_fake = (self._probability(output).mean((1, 2)) for output in (real_output, fake_output))
            return torch.stack([loss_real, loss_fake, d_real, d_fake, squared])

    def _discriminate(self, inputs: Tensor, masks: Sequence[Tensor]) -> Tensor:
        return self._d(inputs, masks)

    def _discriminate_both(self, real: Tensor, fake: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """D on both halves: in one pass, unless batch statistics are to keep them apart."""
        batch = real.shape[1]
        if self._apart:
            return (
                self._discriminate(real, [mask[:, :batch] for mask in masks]),
                self._discriminate(fake, [mask[:, batch:] for mask in masks]),
            )
        both = self._discriminate(torch.cat([real, fake], 1), masks)
        return both[:, :batch], both[:, batch:]

    def _penalized(self, penalty: Penalty, draw: DiscriminatorDraw, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty of each seed. `real` and `fake` are D's inputs, images with their one-hot labels behind them; D
        drops what it drops of the real ones.
        """
        assert draw.penalty is not None
        batch, values = draw.images.shape[1:]
        masks = [mask[:, :batch] for mask in draw.discriminator_masks]
        fake = fake.detach()

        def discriminate(images: Tensor, share: Tensor) -> Tensor:
            labels = torch.lerp(fake[..., values:], real[..., values:], share)
            inputs = torch.cat([images, labels], -1)
            return self._d(inputs, masks, logits=True)

        return penalty(discriminate, real[..., :values], fake[..., :values], draw.penalty)

    def _update_generator(
        self, draw: GeneratorDraw, shown: DiscriminatorDraw, fake: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """`shown` and `fake` are what D's last update saw. Returns G's loss and its squared gradient norms, (seeds,)
        each.
        """
        if self._same_latents:
            assert fake is not None
            labels = shown.fake_labels
        else:
            assert draw.latents is not None
            labels = draw.labels
            inputs = self._g.network.append_one_hot(draw.latents, labels)
            fake = self._g(inputs, draw.generator_masks)
        fake_inputs, other = self._d.network.append_one_hot(fake, labels), None
        if self._shows_real:
            real = self._d.network.append_one_hot(shown.images, shown.labels)
            other, output = self._discriminate_both(real, fake_inputs, draw.discriminator_masks)
        else:
            output = self._discriminate(fake_inputs, draw.discriminator_masks)
        loss = generator_loss(self._objective, self._loss, output, other)
        squared = self._g.update(loss.sum())
        return loss.detach(), squared


def in_order_of(parameter: Tensor, values: Tensor) -> Tensor:
    """The same values, in memory as the parameter's are: copied only where they lie otherwise."""
    if parameter.is_contiguous():
        return values.contiguous()
    return values if values.stride() == parameter.stride() else torch.empty_like(parameter).copy_(values)


def rows_of(parameter: Tensor, values: Tensor) -> Tensor:
    """Values (seeds, ...) as (seeds, n), without a copy where a matrix and its values lie transposed."""
    if not parameter.is_contiguous() and values.stride() == parameter.stride():
        values = values.transpose(1, 2)
    return values.reshape(len(values), -1)


def generator_step_shows_real(variant: Variant, discriminator: StackedNetwork) -> bool:
    """Whether D sees the real images of its last update beside G's, in G's update: where the loss compares the two, or
    where BatchNorm takes its statistics over both.
    """
    joint = discriminator.uses_batch_statistics and variant.update.batch_statistics == "joint"
    return LOSSES[variant.loss.criterion].paired or joint


def _mean(updates: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Of each quantity over the updates."""
    if len(updates) == 1:
        return updates[0]
    losses, squares = zip(*updates, strict=True)
    return torch.stack(losses).mean(0), torch.stack(squares).mean(0)


def _root(squares: Tensor) -> Tensor:
    """Their square roots, rounded once.

    MKL's float32 root, which `Tensor.sqrt` takes, is a last bit off for a fifth of all numbers, and for which of them
    is the processor's choice.
    """
    return squares.double().sqrt().to(squares.dtype)
