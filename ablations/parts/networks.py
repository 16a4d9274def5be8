"""The two networks as data turned into layers, whatever their architecture.

The names of tensors follow their place (`hidden.0.weight`, `norm.0.bias`, `output.weight`), never the variant, so that
two variants that share a tensor start it from the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.config import Network, Variant
from ablations.config.errors import ConfigError
from ablations.config.own_modules import ModuleFactories, arguments, line_of_function
from ablations.config.own_use import check_present, factories_of
from ablations.config.parts import ARCHITECTURES, NORMALIZATIONS, PENALTIES
from ablations.data import DataShape
from ablations.parts.layers import Dropout, Layer, Linear, Pass, Tensors, TensorSpec
from ablations.parts.module_layer import ModuleForm, ModuleLayer
from ablations.parts.module_probe import traits_of, why_not_one
from ablations.parts.outputs import Output, output
from ablations.parts.weight_norms import WeightNorm, weight_norm


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Layers without the output layer. G: from a network, the length of its input (latents and one-hot label) and the
    data's shape, to layers that give images as rows of values. D: from a network, the data's shape and the length of
    the one-hot label (0: none), which follows the values of the image, to layers that give one number.

    A builder raises `ConfigError` where the network does not fit the shape.
    """

    generator: Callable[[Network, int, DataShape], list[Layer]]
    discriminator: Callable[[Network, DataShape, int], list[Layer]]


@dataclass(frozen=True, kw_only=True)
class StackedNetwork:
    """A network as a list of layers. Its tensors live outside, stacked over seeds."""

    hidden: tuple[Layer, ...]
    """All but the output layer."""
    output: Output
    labels: int
    """The length of the one-hot label that follows its inputs; 0 where the variant is unconditional."""
    uses_batch_statistics: bool
    """True: samples of a batch influence each other."""
    weight_norm: WeightNorm | None = None

    @property
    def own(self) -> ModuleLayer | None:
        """The module of a user's own that this network is; None for one made of layers."""
        first = self.hidden[0] if self.hidden else None
        return first if isinstance(first, ModuleLayer) else None

    @property
    def layers(self) -> tuple[Layer, ...]:
        return (*self.hidden, *self.output.layers)

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        own = tuple(spec for layer in self.layers for spec in layer.tensors)
        return own + (self.weight_norm.tensors if self.weight_norm else ())

    @property
    def mask_shapes(self) -> tuple[tuple[int, ...], ...]:
        """One shape (of one sample) for each dropout layer."""
        return tuple(layer.shape for layer in self.layers if isinstance(layer, Dropout))

    def __call__(
        self,
        tensors: Tensors,
        inputs: Tensor,
        *,
        training: bool,
        masks: Sequence[Tensor] | Iterator[Tensor] = (),
        logits: bool = False,
        operands: torch.dtype | None = None,
    ) -> Tensor:
        """What comes out has the type of `inputs`; between its layers it has the type of their weights: see
        `as_operands`.

        `logits` leaves out the output layer. `operands` is the type to which weights are rounded that are normalised
        first.
        """
        if self.weight_norm:
            tensors = self.weight_norm(tensors, training)
            if operands is not None:
                tensors = self.as_operands(tensors, operands)
        run = Pass(tensors, training, iter(masks))
        values = inputs
        for layer in self.hidden:
            values = layer(values, run)
        values = values.to(inputs.dtype)
        for layer in () if logits else self.output.layers:
            values = layer(values, run)
        return values

    def as_operands(self, tensors: Tensors, dtype: torch.dtype) -> Tensors:
        """The tensors with the weights and biases of the products in another type, rounded once for all their uses.

        What multiplies little keeps its type: normalisations, and a dense layer to one number, D's last.
        """
        products = [
            layer
            for layer in self.layers
            if layer.multiply_adds and not (isinstance(layer, Linear) and layer.outputs == 1)
        ]
        names = {spec.name for layer in products for spec in layer.tensors}
        return {name: values.to(dtype) if name in names else values for name, values in tensors.items()}

    def append_one_hot(self, inputs: Tensor, labels: Tensor | None) -> Tensor:
        """Inputs (seeds, batch, n) with the one-hot form of labels (seeds, batch) behind them, where there are any."""
        if labels is None:
            return inputs
        return torch.cat([inputs, F.one_hot(labels, self.labels).to(inputs.dtype)], -1)


def generator_network(variant: Variant, shape: DataShape) -> StackedNetwork:
    """Latents (and a one-hot label) of shape (seeds, batch, size [+ classes]) to images (seeds, batch, values).

    Raises:
        ConfigError: it does not fit the data, or is not here.
    """
    check_present(variant, "generator")
    network, labels = variant.generator, _label_length(variant, shape)
    if factories := factories_of(variant, "generator"):
        return _own("generator", variant, factories, shape, (variant.latent.size,), shape.values)
    layers = _architecture(network).generator(network, variant.latent.size + labels, shape)
    return _stacked(network, layers, labels)


def discriminator_network(variant: Variant, shape: DataShape) -> StackedNetwork:
    """Images (and a one-hot label) of shape (seeds, batch, values [+ classes]) to D's output (seeds, batch, 1)."""
    network, labels = variant.discriminator, _label_length(variant, shape)
    if factories := factories_of(variant, "discriminator"):
        return _own("discriminator", variant, factories, shape, shape.image, 1)
    return _stacked(network, _architecture(network).discriminator(network, shape, labels), labels)


def build_networks(variant: Variant, shape: DataShape) -> tuple[StackedNetwork, StackedNetwork]:
    """G and D of a variant; raises `ConfigError` where they do not fit the data or are not here."""
    check_present(variant)
    return generator_network(variant, shape), discriminator_network(variant, shape)


def _architecture(network: Network) -> Architecture:
    return cast(Architecture, ARCHITECTURES[network.architecture].load())


def _own(
    side: str, variant: Variant, factories: ModuleFactories, shape: DataShape, inputs: tuple[int, ...], outputs: int
) -> StackedNetwork:
    """A network that is a module of the user's own."""
    network: Network = getattr(variant, side)
    factory, labels = factories.of(side), _label_length(variant, shape)
    assert factory is not None, "checked with the variant"
    given = {"shape": shape.image, "latent_size": variant.latent.size, "classes": labels}
    form = ModuleForm(
        side=side,
        name=network.architecture,
        factory=factory,
        arguments=tuple(arguments(network, factory, given).items()),
        inputs=inputs,
        labels=labels,
        outputs=outputs,
    )
    layer = ModuleLayer(form, traits_of(form))
    if layer.traits.over_batch and side == "discriminator" and PENALTIES[variant.loss.penalty].builder is not None:
        raise ConfigError(
            f"loss.penalty={variant.loss.penalty} is taken of D's gradient at each image, and in {form} the other "
            "images of a batch have a part in it; take loss.penalty=none, or a normalisation within each image"
        )
    seen = 2 if side == "discriminator" and variant.update.batch_statistics == "joint" else 1
    if layer.traits.over_batch and seen * variant.batch_size == 1 and (reason := why_not_one(form)):
        raise ConfigError(
            f"{line_of_function(factory)}: {form} needs a batch of at least 2 (batch_size is 1): {reason}; raise "
            "batch_size, or take a normalisation within each sample"
        )
    return StackedNetwork(
        hidden=(layer,), output=output(network.output), labels=labels, uses_batch_statistics=layer.traits.over_batch
    )


def _label_length(variant: Variant, shape: DataShape) -> int:
    if not variant.conditional:
        return 0
    if shape.classes is None:
        raise ConfigError("conditional=true needs labels, which these data do not have; take conditional=false")
    return shape.classes


def _stacked(network: Network, layers: Sequence[Layer], labels: int) -> StackedNetwork:
    return StackedNetwork(
        hidden=tuple(layers),
        output=output(network.output),
        labels=labels,
        uses_batch_statistics=NORMALIZATIONS[network.normalization].over_batch,
        weight_norm=weight_norm(network.weight_norm, layers),
    )
