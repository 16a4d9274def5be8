"""SeedGroup: S seeds of one variant, trained as one stacked computation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ablations.catalog.quantities import CURVES, OBJECTIVE_GRADIENTS
from ablations.config import Engine, Variant
from ablations.config.errors import ConfigError
from ablations.config.own_parts import PartError
from ablations.config.rules import check_batch
from ablations.data import Dataset
from ablations.parts.layers import Linear
from ablations.parts.networks import StackedNetwork, build_networks
from ablations.parts.optimizers import build_optimizer
from ablations.training.cuda_graph import CapturedStep
from ablations.training.generator import draw_images, in_batches
from ablations.training.initial_values import initial_tensors
from ablations.training.step import Draws, TrainedNetwork, TrainStep, in_order_of
from ablations.training.step_inputs import Sampler, TrainingImages, asked_labels, evaluation_latents

_DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.float32}


class SeedGroup:
    """A stack of seeds in training. `advance` trains, everything else leaves the training as it is.

    Raises:
        ConfigError: fewer training images than one batch, or networks that do not fit the data.
    """

    def __init__(self, variant: Variant, seeds: Sequence[int], dataset: Dataset, engine: Engine) -> None:
        device, dtype = torch.device(engine.device), _DTYPES[engine.precision]
        check_fits(variant, dataset)
        training = training_images(variant, dataset, device, dtype)
        networks = build_networks(variant, dataset.shape)
        self.variant = variant
        self.shape = dataset.shape
        self.seeds = tuple(seeds)
        self.step = 0
        coarse, own = engine.precision == "bfloat16", any(network.own for network in networks)
        self._autocast = coarse and (own or device.type == "cuda")
        self.device, self._dtype = device, dtype
        operands = torch.bfloat16 if coarse and not self._autocast else None
        self._generator, self._discriminator = (
            trained_network(name, network, variant, seeds, device, dtype, operands)
            for name, network in zip(("generator", "discriminator"), networks, strict=True)
        )
        self._sampler = Sampler(variant, seeds, training, networks)
        self._train_step = self._new_step()
        self._curves: list[Tensor] = []

    @property
    def networks(self) -> tuple[StackedNetwork, StackedNetwork]:
        """G and D."""
        return self._generator.network, self._discriminator.network

    def advance(self, steps: int) -> None:
        """Train so many iterations. The device may still be busy when this returns: see `synchronize`."""
        for _ in range(steps):
            with self._precision():
                self._curves.append(self._train_step(self._sampler.at(self.step)))
            self.step += 1

    def synchronize(self) -> None:
        """Wait until the device has done what it was asked."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def take_curves(self) -> NDArray[Any]:
        """What the steps since the last call measured: float32 of shape (steps, len(CURVES), seeds)."""
        if not self._curves:
            return np.empty((0, len(CURVES), len(self.seeds)), np.float32)
        values = torch.stack(self._curves).float().cpu().numpy()
        self._curves = []
        return values

    def finite(self) -> list[bool]:
        """For each seed, whether all its parameters are finite."""
        checks = [p.reshape(len(p), -1).isfinite().all(1) for network in self._networks() for p in network.parameters]
        return [bool(ok) for ok in torch.stack(checks).all(0).tolist()]

    @torch.no_grad()
    def sample(self, slot: int, count: int, number: int = 0) -> Tensor:
        """`count` images of one seed in eval mode on its fixed evaluation latents: float32 (count, channels, height,
        width) in [0, 1].

        A conditional G is asked for the `asked_labels`. Each `number` stands for latents of its own.
        """
        one = self._generator
        seed = self.seeds[slot]
        return draw_images(one.network, _alone(one, slot), self.variant, self.shape, seed, count, number)

    @torch.no_grad()
    def discriminate(self, slot: int, images: Tensor, labels: Tensor | None) -> Tensor:
        """D's probability, in eval mode, that each image is real: (n,), for images (n, channels, height, width) in
        [0, 1]. An unconditional D is not told the labels.
        """
        inputs = images.reshape(1, len(images), self.shape.values).to(self.device, self._dtype)
        if self.variant.image_range == "symmetric":
            inputs = inputs * 2 - 1
        one = self._discriminator
        told = labels[None].to(self.device) if labels is not None and self.variant.conditional else None
        outputs = in_batches(one.network, _alone(one, slot), one.network.append_one_hot(inputs, told))
        return one.network.output.probability(outputs).view(-1)

    def objective_gradients(self, slot: int, count: int) -> dict[str, float]:
        """`OBJECTIVE_GRADIENTS` of one seed at its present weights: both networks in eval mode, on the first `count`
        evaluation latents. Nothing is changed.
        """
        g, d = self._generator, self._discriminator
        tensors = {name: values.detach() for name, values in _alone(g, slot).items()}
        parameters = [tensors[spec.name].requires_grad_() for spec in g.network.tensors if not spec.is_buffer]
        latents = evaluation_latents(self.variant, self.seeds[slot], count, self.device, self._dtype)
        told = asked_labels(count, self.shape.classes, self.device) if self.variant.conditional else None
        labels = None if told is None else told[None]
        with torch.enable_grad():
            fake = g.network(tensors, g.network.append_one_hot(latents, labels), training=False)
            shown = d.network.append_one_hot(fake, labels)
            logits = d.network(_alone(d, slot), shown, training=False, logits=True)
            losses = -functional.softplus(logits).mean(), functional.softplus(-logits).mean()
            norms = []
            for loss in losses:  # a module of the user's own may have parameters that it does not use: zeros
                found = torch.autograd.grad(
                    loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
                )
                norms.append(float(torch.cat([one.flatten() for one in found]).norm()))
        return dict(zip(OBJECTIVE_GRADIENTS, norms, strict=True))

    def weights(self, slot: int) -> dict[str, NDArray[Any]]:
        """One seed's parameters and buffers, each layer's in the layout of torch.nn, such as
        "generator.hidden.0.weight".
        """
        found = {}
        for name, one in zip(("generator", "discriminator"), self._networks(), strict=True):
            transposed = {f"{layer.name}.weight" for layer in one.network.layers if isinstance(layer, Linear)}
            for key, values in one.tensors.items():
                array = values[slot].detach().cpu().numpy()
                found[f"{name}.{key}"] = np.array(array.T if key in transposed else array, order="C")
        return found

    def generator_weights(self, slot: int) -> dict[str, NDArray[Any]]:
        """One seed's G, such as "hidden.0.weight": what `weights` has of it."""
        whole = self.weights(slot)
        return {key.removeprefix("generator."): v for key, v in whole.items() if key.startswith("generator.")}

    def state(self) -> dict[str, Tensor]:
        """Everything that decides the future, but the step number: tensors, buffers, optimizer states, of the whole
        stack.
        """
        state: dict[str, Tensor] = {}
        for name, one in zip(("generator", "discriminator"), self._networks(), strict=True):
            state |= {f"{name}.tensors.{key}": values.detach().clone() for key, values in one.tensors.items()}
            for index, values in one.optimizer.state_dict()["state"].items():
                for key, value in values.items():
                    if value is not None:
                        state[f"{name}.optimizer.{index}.{key}"] = torch.as_tensor(value).clone()
        return state

    def load_state(self, state: Mapping[str, Tensor], step: int) -> None:
        """Continue from `state` at `step`, to the bit. Raises `KeyError` or `ValueError` for another variant's
        state.
        """
        for name, one in zip(("generator", "discriminator"), self._networks(), strict=True):
            with torch.no_grad():
                for key, values in one.tensors.items():
                    stored = state[f"{name}.tensors.{key}"]
                    if stored.shape != values.shape:
                        raise ValueError(f"{name}.{key} has shape {tuple(stored.shape)}, not {tuple(values.shape)}")
                    values.copy_(stored)
            one.optimizer.load_state_dict(_optimizer_state(one, state, f"{name}.optimizer."))
            one.round_weights()
        self.step = step
        self._curves = []
        self._train_step = self._new_step()

    def _new_step(self) -> Callable[[Draws], Tensor]:
        """The step as it is on a CPU; on a GPU recorded, with the addresses that the tensors have now.

        A user's own part may do what no recording repeats (count its calls, read a number back), so that nothing with
        one is recorded.
        """
        step = TrainStep(self.variant, self._generator, self._discriminator)
        own = bool(self.variant.own_parts) or any(one.network.own for one in self._networks())
        return CapturedStep(step, self._networks()) if self.device.type == "cuda" and not own else step

    def _networks(self) -> tuple[TrainedNetwork, TrainedNetwork]:
        return self._generator, self._discriminator

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if not self._autocast:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)


_TRAINING: dict[tuple[object, ...], tuple[Tensor, Tensor | None]] = {}


def training_images(variant: Variant, dataset: Dataset, device: torch.device, dtype: torch.dtype) -> TrainingImages:
    """The last `variant.training_images` training images on the device. The last ones are kept for the next group."""
    count = variant.training_images
    key = (dataset.digest, count, device)
    if key not in _TRAINING:
        _TRAINING.clear()
        images, labels = dataset.train_images[-count:], dataset.train_labels
        kept = None if labels is None else labels[-count:].to(device)
        _TRAINING[key] = (images.reshape(len(images), -1).to(device), kept)
    return TrainingImages(*_TRAINING[key], symmetric=variant.image_range == "symmetric", dtype=dtype)


def check_fits(variant: Variant, dataset: Dataset) -> None:
    """Raise `ConfigError` where the dataset has fewer training images than the variant's batch, or images or labels
    that its networks do not fit; a `PartError` where a network of the user's own fails.
    """
    check_batch(variant, len(dataset.train_images), dataset.name)
    try:
        build_networks(variant, dataset.shape)
    except PartError:
        raise
    except ConfigError as error:
        raise ConfigError(f"variant {variant.name!r} on {dataset.name}: {error}") from error


def trained_network(
    name: str,
    network: StackedNetwork,
    variant: Variant,
    seeds: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
    operands: torch.dtype | None = None,
) -> TrainedNetwork:
    """The "generator" or the "discriminator" of a stack of seeds as it is before the first step."""
    tensors = initial_tensors(variant.initialization, name, network, seeds, device, dtype)
    for spec in network.tensors:
        tensors[spec.name].requires_grad_(not spec.is_buffer)
    optimizers = {"generator": variant.generator_optimizer, "discriminator": variant.discriminator_optimizer}
    parameters = [tensors[spec.name] for spec in network.tensors if not spec.is_buffer]
    return TrainedNetwork(network, tensors, build_optimizer(optimizers[name], parameters), operands)


def _alone(trained: TrainedNetwork, slot: int) -> dict[str, Tensor]:
    """One seed's tensors, each of shape (1, ...)."""
    return {name: values[slot : slot + 1] for name, values in trained.tensors.items()}


def _optimizer_state(trained: TrainedNetwork, state: Mapping[str, Tensor], prefix: str) -> dict[str, Any]:
    tree = trained.optimizer.state_dict()
    tree["state"] = {}
    for key, value in state.items():
        if key.startswith(prefix):
            index, name = key.removeprefix(prefix).split(".")
            parameter = trained.parameters[int(index)]
            alike = value.shape == parameter.shape
            kept = in_order_of(parameter.detach(), value.to(parameter.device)) if alike else value
            tree["state"].setdefault(int(index), {})[name] = kept.clone()
    return tree
