"""A user's `nn.Module` as a layer on a stack of seeds: what lets the one training loop train it.

The module is a function of tensors that live outside, stacked over seeds as those of every other network
(`torch.func`). Where `torch.func.vmap` can run it, all seeds are one computation; a module that draws random numbers,
or does what vmap cannot, runs one seed after another, its global generators set from the run's named stream.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ablations.config.own_modules import Factory, line_of_function
from ablations.config.own_parts import PartError, failing_in_a_sentence
from ablations.parts.layers import Pass, Role, TensorSpec
from ablations.parts.module_convolutions import SeedBySeed

_SHAPING = ("Flatten", "Unflatten", "Identity")
NUMBER_WORDS = 4
"""16-bit integers that make one seed of the global generators."""


@dataclass(frozen=True, kw_only=True)
class ModuleForm:
    """What a module is made of and what it takes and gives; it can be hashed."""

    side: str
    name: str
    factory: Factory
    arguments: tuple[tuple[str, Any], ...]
    """What the factory is called with."""
    inputs: tuple[int, ...]
    """The shape of one sample that it takes: (latent_size,), or (channels, height, width)."""
    labels: int
    """The length of the one-hot label that is its second input; 0: it has none."""
    outputs: int
    """Values of one sample that it gives: those of an image, or 1."""

    def __str__(self) -> str:
        return f"the {self.side} {self.name!r}"

    def fresh(self, number: int) -> nn.Module:
        """A new module, its initial values drawn from global generators that are set to `number`.

        Raises:
            PartError: the factory fails, or gives no module.
        """
        with seeded(number), failing_in_a_sentence(str(self)):
            made = self.factory(**dict(self.arguments))
            if not isinstance(made, nn.Module):
                raise PartError(
                    f"{line_of_function(self.factory)}: {self} must be an nn.Module, and this gives a "
                    f"{type(made).__name__}"
                )
            if any(nn.parameter.is_lazy(one) for one in made.parameters()):
                made.eval()(*self.examples(torch.zeros(2, math.prod(self.inputs) + self.labels)))
        return made

    def examples(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """What the module is called with, of rows (..., n) of values and one-hot labels."""
        size = math.prod(self.inputs)
        values = inputs[..., :size].reshape(*inputs.shape[:-1], *self.inputs)
        return (values, inputs[..., size:]) if self.labels else (values,)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What was found out about a module by running it: see `module_probe`."""

    stacks: bool
    """All seeds are one computation."""
    reason: str
    """Why they are not."""
    draws: bool
    """It draws from a global generator while it runs."""
    over_batch: bool
    """In training, samples of a batch influence each other."""
    multiply_adds: int
    convolutional: bool


class ModuleLayer:
    """A module on a stack of seeds; it implements `layers.Layer`, and is the whole of its network but the output."""

    output_axis: ClassVar[int | None] = None

    def __init__(self, form: ModuleForm, traits: Traits) -> None:
        self.form = form
        self.traits = traits
        self._module = form.fresh(0)
        self._buffers = tuple(name for name, _ in self._module.named_buffers())
        self.tensors = tuple(specs_of(self._module))

    @property
    def multiply_adds(self) -> int:
        return self.traits.multiply_adds

    @property
    def convolutional(self) -> bool:
        return self.traits.convolutional

    @property
    def last(self) -> str:
        """The class of the module that was put into it last, but for those that only change the shape."""
        leaves = [type(one).__name__ for one in self._module.modules() if not any(one.children())]
        return next((name for name in reversed(leaves) if name not in _SHAPING), "")

    def initial(self, number: int) -> dict[str, Tensor]:
        """The module's own initial values, of generators set to `number`.

        Raises:
            PartError: the factory gives a module that it gave before, or another one.
        """
        made = self.form.fresh(number)
        found = tensors_of(made)
        if made is self._module or [(n, tuple(v.shape)) for n, v in found.items()] != [
            (spec.name, spec.shape) for spec in self.tensors
        ]:
            raise PartError(
                f"{line_of_function(self.form.factory)}: {self.form} must be a new module of the same shape at every "
                "call, for each seed has its own"
            )
        return {name: values.detach() for name, values in found.items()}

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        numbers = next(run.masks, None) if self.traits.draws else None
        if self._module.training != run.training:
            self._module.train(run.training)
        tensors = {spec.name: run.tensors[spec.name] for spec in self.tensors}
        if not run.training:  # what evaluation does to its state is gone with it
            tensors |= {name: tensors[name].clone() for name in self._buffers}
        with failing_in_a_sentence(str(self.form)):
            if self.traits.stacks:
                with SeedBySeed() if self.traits.convolutional else contextlib.nullcontext():
                    outputs, changed = vmap(self._one)(tensors, inputs)
            else:
                outputs, changed = self._one_by_one(tensors, inputs, numbers)
            check_outputs(self.form, outputs, inputs.shape[:1], inputs.shape[1])
        with torch.no_grad():
            for name, values in changed.items():
                tensors[name].copy_(values)
        # The output layer writes in place, and a module's last operation may need its own result for its gradient.
        return outputs.reshape(*inputs.shape[:2], self.form.outputs).to(inputs.dtype, copy=True)

    def _one(self, tensors: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """One seed: its outputs, and the buffers that were replaced and not written to in place."""
        values = dict(tensors)
        outputs = functional_call(self._module, values, self.form.examples(inputs))
        return outputs, {name: values[name] for name in self._buffers if values[name] is not tensors[name]}

    def _one_by_one(
        self, tensors: Mapping[str, Tensor], inputs: Tensor, numbers: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        outputs, changed = [], []
        for slot in range(len(inputs)):
            alone = {name: values[slot] for name, values in tensors.items()}
            with seeded(_number(numbers, slot)) if self.traits.draws else contextlib.nullcontext():
                output, replaced = self._one(alone, inputs[slot])
            outputs.append(_tensor(output))
            changed.append(replaced)
        names = changed[0].keys()
        return torch.stack(outputs), {name: torch.stack([one[name] for one in changed]) for name in names}


def check_outputs(form: ModuleForm, outputs: Any, seeds: tuple[int, ...], batch: int) -> None:
    """Raise `PartError` for outputs that are not (*seeds, batch, values), or have no gradient.

    `seeds` is (number of seeds,), or () for one seed alone.
    """
    place = line_of_function(form.factory)
    shape, front = tuple(_tensor(outputs).shape), (*seeds, batch)
    if shape[: len(front)] != front or math.prod(shape) != math.prod(front) * form.outputs:
        wanted = "a number" if form.outputs == 1 else f"{form.outputs:,} values"
        raise PartError(
            f"{place}: {form} gives a tensor of shape {shape[len(seeds) :]} for a batch of {batch}; it must give "
            f"{wanted} for each sample: ({batch}, {form.outputs})"
        )
    if not outputs.is_floating_point():
        raise PartError(f"{place}: {form} gives {outputs.dtype}, not floats")
    if torch.is_grad_enabled() and not outputs.requires_grad:
        raise PartError(f"{place}: what {form} gives has no gradient: it is detached from its parameters")


def specs_of(module: nn.Module) -> Iterator[TensorSpec]:
    """Its parameters, then its buffers, with the roles that schemes of initialisation ask for."""
    norms = {
        f"{name}.{key}".lstrip(".")
        for name, one in module.named_modules()
        if type(one).__name__.endswith(("Norm", "Norm1d", "Norm2d", "Norm3d"))
        for key, _ in one.named_parameters(recurse=False)
    }
    for name, values in module.named_parameters():
        first = name.endswith("weight") or values.ndim > 1
        role: Role = "weight" if first else "bias"
        if name in norms:
            role = "scale" if name.endswith("weight") else "shift"
        fans = (0, 0)
        if values.ndim > 1:
            field = math.prod(values.shape[2:])
            fans = (values.shape[1] * field, values.shape[0] * field)
        yield TensorSpec(name, tuple(values.shape), role, *fans)
    for name, buffer in module.named_buffers():
        yield TensorSpec(name, tuple(buffer.shape), "buffer")


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


@contextlib.contextmanager
def seeded(number: int) -> Iterator[None]:
    """The global generators of torch, NumPy and Python set to `number` in the block, and as they were after it."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - own code may draw from the global one
    gpus = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=gpus):
        torch.manual_seed(number)
        random.seed(number)
        np.random.seed(number % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002


def _number(numbers: Tensor | None, slot: int) -> int:
    """Of the first sample of a pass, as numbers (seeds, batch, NUMBER_WORDS) in int16; 0 in evaluation."""
    if numbers is None:
        return 0
    words = [int(word) & 0xFFFF for word in numbers[slot, 0].tolist()]
    return sum(word << (16 * place) for place, word in enumerate(words)) >> 1


def _tensor(outputs: Any) -> Tensor:
    if not isinstance(outputs, Tensor):
        raise PartError(f"its forward must give a tensor, not {type(outputs).__name__}")
    return outputs
