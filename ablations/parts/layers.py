"""Layers on a stack of seeds: inputs of shape (seeds, batch, ...), tensors of shape (seeds, ...). Pure functions of
both.

A batched matrix product trains all seeds of a dense layer at once. Each seed's numbers depend on its own tensors only.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.parts.convolutions import convolve, convolve_transposed

Role = Literal["weight", "bias", "scale", "shift", "running_mean", "running_var", "singular_vector", "buffer"]
Tensors = Mapping[str, Tensor]

NORM_EPSILON = 1e-5
NORM_MOMENTUM = 0.1
_LARGE = 32_768
"""From so many values of one seed in a batch on, LayerNorm is faster seed by seed than over the whole stack."""


@dataclass(frozen=True)
class TensorSpec:
    """A parameter or buffer of one seed. `fan_in` and `fan_out` are those of the layer, as in torch.nn.init."""

    name: str
    shape: tuple[int, ...]
    role: Role
    fan_in: int = 0
    fan_out: int = 0

    @property
    def is_buffer(self) -> bool:
        return self.role in ("running_mean", "running_var", "singular_vector", "buffer")

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass
class Pass:
    """One forward pass: the tensors, the mode, and the dropout masks (each already scaled by 1 / (1 - p)), used in
    order.
    """

    tensors: Tensors
    training: bool
    masks: Iterator[Tensor] = field(default_factory=lambda: iter(()))


class Layer(Protocol):
    output_axis: ClassVar[int | None]
    """The axis of the weight, the first of its tensors, that counts its outputs; None: it has no weight."""

    @property
    def tensors(self) -> tuple[TensorSpec, ...]: ...

    @property
    def multiply_adds(self) -> int:
        """Multiplications of a weight with an input that one sample takes, forward."""
        ...

    @property
    def convolutional(self) -> bool:
        """These are a convolution's, which is slower than a dense layer with as many."""
        ...

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor: ...


class Weightless:
    """A layer that multiplies no weights; norms and activations count for nothing beside those that do."""

    multiply_adds = 0
    output_axis: ClassVar[int | None] = None
    convolutional = False


@dataclass(frozen=True)
class Linear:
    """Dense layer. The weight is kept as (inputs, outputs), so that no gradient has to be transposed."""

    name: str
    inputs: int
    outputs: int
    output_axis: ClassVar[int | None] = 1
    convolutional = False

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return (
            TensorSpec(f"{self.name}.weight", (self.inputs, self.outputs), "weight", self.inputs, self.outputs),
            TensorSpec(f"{self.name}.bias", (self.outputs,), "bias", self.inputs, self.outputs),
        )

    @property
    def multiply_adds(self) -> int:
        return self.inputs * self.outputs

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        weight, bias = run.tensors[f"{self.name}.weight"], run.tensors[f"{self.name}.bias"]
        with kept_exact(inputs) if self.outputs == 1 else contextlib.nullcontext():
            return torch.baddbmm(bias.unsqueeze(1), inputs.to(weight.dtype), weight)


def kept_exact(values: Tensor) -> contextlib.AbstractContextManager[Any]:
    """On a GPU autocast makes every product coarse; in this block it does not, as on a CPU, where only the wide ones
    are: what D says of an image, and the norm of a weight, are float32.
    """
    if not values.is_cuda:
        return contextlib.nullcontext()
    return torch.autocast(values.device.type, enabled=False)


@dataclass(frozen=True)
class Convolution:
    """Convolution with stride 2 and no padding; weights as in torch.nn.Conv2d."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    side: int
    """Height and width of its output."""
    output_axis: ClassVar[int | None] = 0
    convolutional = True

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return _kernels(self.name, (self.outputs, self.inputs), self.kernel, self.outputs)

    @property
    def multiply_adds(self) -> int:
        return self.inputs * self.outputs * self.kernel**2 * self.side**2

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        weight, bias = run.tensors[f"{self.name}.weight"], run.tensors[f"{self.name}.bias"]
        return convolve(inputs.to(weight.dtype), weight, bias)


@dataclass(frozen=True)
class TransposedConvolution:
    """Transposed convolution with stride 2 and no padding; weights as in torch.nn.ConvTranspose2d.

    `output_padding` restores the odd pixel that the matching convolution dropped. The fan-in is, as in torch.nn.init,
    that of the weight's second dimension.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int
    side: int
    """Height and width of its input."""
    output_padding: int
    output_axis: ClassVar[int | None] = 1
    convolutional = True

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return _kernels(self.name, (self.inputs, self.outputs), self.kernel, self.outputs)

    @property
    def multiply_adds(self) -> int:
        return self.inputs * self.outputs * self.kernel**2 * self.side**2

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        weight, bias = run.tensors[f"{self.name}.weight"], run.tensors[f"{self.name}.bias"]
        side = (self.side - 1) * 2 + self.kernel + self.output_padding
        return convolve_transposed(inputs.to(weight.dtype), weight, bias, side)


def _kernels(name: str, channels: tuple[int, int], kernel: int, outputs: int) -> tuple[TensorSpec, ...]:
    """Weight and bias of a convolution; torch.nn.init takes the weight's second dimension for the inputs."""
    fans = (channels[1] * kernel**2, channels[0] * kernel**2)
    return (
        TensorSpec(f"{name}.weight", (*channels, kernel, kernel), "weight", *fans),
        TensorSpec(f"{name}.bias", (outputs,), "bias", *fans),
    )


@dataclass(frozen=True)
class LayerNorm(Weightless):
    """Ba et al. 2016, over all features of a sample, with an elementwise scale and shift, as
    torch.nn.LayerNorm(shape).
    """

    name: str
    shape: tuple[int, ...]

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return (
            TensorSpec(f"{self.name}.weight", self.shape, "scale"),
            TensorSpec(f"{self.name}.bias", self.shape, "shift"),
        )

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        scale, shift = run.tensors[f"{self.name}.weight"], run.tensors[f"{self.name}.bias"]
        if len(self.shape) == 1:
            return self._normal(inputs, scale, shift)
        images, *others = (values.movedim(-3, -1) for values in (inputs, scale, shift))  # as they lie in memory
        return self._normal(images, *others).movedim(-1, -3)

    def _normal(self, inputs: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        shape = scale.shape[1:]
        if inputs[0].numel() >= _LARGE or inputs.dtype != scale.dtype:  # one kernel takes both types
            stack = zip(inputs, scale, shift, strict=True)
            return torch.stack([F.layer_norm(one, shape, w, b, NORM_EPSILON) for one, w, b in stack])
        normal = F.layer_norm(inputs, shape, eps=NORM_EPSILON)
        return torch.addcmul(shift.unsqueeze(1), normal, scale.unsqueeze(1))


@dataclass(frozen=True)
class BatchNorm(Weightless):
    """Ioffe and Szegedy 2015, per feature or per channel, with running statistics, as torch.nn.BatchNorm1d and
    BatchNorm2d.
    """

    name: str
    features: int

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        size = (self.features,)
        return (
            TensorSpec(f"{self.name}.weight", size, "scale"),
            TensorSpec(f"{self.name}.bias", size, "shift"),
            TensorSpec(f"{self.name}.running_mean", size, "running_mean"),
            TensorSpec(f"{self.name}.running_var", size, "running_var"),
        )

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        scale, shift, mean, var = (run.tensors[spec.name] for spec in self.tensors)
        return torch.stack(
            [
                F.batch_norm(*one, training=run.training, momentum=NORM_MOMENTUM, eps=NORM_EPSILON)
                for one in zip(inputs, mean, var, scale, shift, strict=True)
            ]
        )


@dataclass(frozen=True)
class Elementwise(Weightless):
    """An activation."""

    function: Callable[[Tensor], Tensor]
    tensors: tuple[TensorSpec, ...] = ()

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        return self.function(inputs)


@dataclass(frozen=True)
class Dropout(Weightless):
    """Srivastava et al. 2014. The mask is an argument of the pass; `shape` is that of one sample."""

    shape: tuple[int, ...]
    tensors: tuple[TensorSpec, ...] = ()

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        return (inputs * next(run.masks)).to(inputs.dtype) if run.training else inputs


@dataclass(frozen=True)
class Reshape(Weightless):
    """Each sample to `shape`: joins the dense and the convolutional parts (S1's View)."""

    shape: tuple[int, ...]
    tensors: tuple[TensorSpec, ...] = ()

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        return inputs.reshape(*inputs.shape[:2], *self.shape)
