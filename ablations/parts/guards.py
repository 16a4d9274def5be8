"""What a user's own functions give, checked at each call: a wrong one is told in a sentence, with its line."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ablations.config.free_settings import FreeSettings
from ablations.config.own_modules import line_of_function
from ablations.config.own_parts import OWN_MODULE, PartError, failing_in_a_sentence
from ablations.config.own_settings import settled
from ablations.config.registry import Part, Registry

Made = TypeVar("Made")
LOSS_METHODS = ("real_half", "fake_half", "generator", "saturating")


def line_of(part: Part) -> str:
    """Where a user's part is defined: its function or class, of a value made of functions the first of them, else
    where it is registered.
    """
    values = [part.builder]
    if dataclasses.is_dataclass(part.builder) and not isinstance(part.builder, type):
        values = [getattr(part.builder, item.name) for item in dataclasses.fields(part.builder)]
    files = part.origin.files if part.origin else ()
    for value in (*values, type(part.builder)):
        code = getattr(value, "__code__", None)
        own = code.co_filename in files if code else getattr(value, "__module__", "").startswith(OWN_MODULE)
        if own and callable(value):
            return line_of_function(value)
    return f"{part.origin.name}, line {part.line}" if part.origin else ""


def loaded(
    registry: Registry[Any],
    name: str,
    guard: Callable[[str, str, Any], Made],
    settings: Mapping[str, Any] = FreeSettings(),
) -> Made:
    """A part's builder; a user's own with its settings, behind `guard`, which is told what it is, where it stands, and
    the builder.
    """
    part = registry[name]
    builder: Made = part.load()
    if part.origin is None:
        return builder
    what, place = f"the {registry.kind} {name!r}", line_of(part)
    with failing_in_a_sentence(what, place):
        own = settled(registry.kind, builder, settings)
    return guard(what, place, own)


class GuardedLoss:
    """A `losses.LossFunction` that gives one finite shape: a number for each seed."""

    def __init__(self, what: str, place: str, loss: Any) -> None:
        lacking = [name for name in LOSS_METHODS if not callable(getattr(loss, name, None))]
        if lacking:
            raise PartError(f"{place}: {what} lacks {lacking[0]}; make it of ablations.parts.losses.Halves, or a class")
        self._what, self._place, self._loss = what, place, loss

    def real_half(self, real: Tensor, other: Tensor | None) -> Tensor:
        return self._checked("real_half", real, other)

    def fake_half(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return self._checked("fake_half", fake, other)

    def generator(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return self._checked("generator", fake, other)

    def saturating(self, fake: Tensor, other: Tensor | None) -> Tensor:
        return self._checked("saturating", fake, other)

    def _checked(self, name: str, outputs: Tensor, other: Tensor | None) -> Tensor:
        with failing_in_a_sentence(self._what, self._place):
            losses = getattr(self._loss, name)(outputs, other)
            return one_a_seed(self._what, self._place, losses, outputs)


def one_a_seed(what: str, place: str, losses: Any, outputs: Tensor) -> Tensor:
    """Losses (seeds,) with a gradient; raises `PartError` for anything else."""
    found = _tensor(what, place, losses)
    if found.shape != outputs.shape[:1]:
        raise PartError(
            f"{place}: {what} gives a tensor of shape {tuple(losses.shape)} for outputs of shape "
            f"{tuple(outputs.shape)}, (seeds, batch, ...); it must give one number for each seed: ({len(outputs)},)"
        )
    if torch.is_grad_enabled() and outputs.requires_grad and not losses.requires_grad:
        raise PartError(f"{place}: what {what} gives has no gradient")
    return found


def guarded_penalty(what: str, place: str, penalty: Any) -> Any:
    def checked(discriminate: Any, real: Tensor, fake: Tensor, draws: Tensor) -> Tensor:
        with failing_in_a_sentence(what, place):
            return one_a_seed(what, place, penalty(discriminate, real, fake, draws), real)

    return checked


def guarded_activation(what: str, place: str, make: Any) -> Any:
    def made(network: Any) -> Callable[[Tensor], Tensor]:
        with failing_in_a_sentence(what, place):
            function = make(network)

        def checked(inputs: Tensor) -> Tensor:
            shape = inputs.shape
            with failing_in_a_sentence(what, place):
                outputs = _tensor(what, place, function(inputs))
            if outputs.shape != shape:
                raise PartError(f"{place}: {what} turns {tuple(shape)} into {tuple(outputs.shape)}; it must keep it")
            return outputs

        return checked

    return made


def guarded_initialization(what: str, place: str, scheme: Any) -> Any:
    def checked(rng: np.random.Generator, spec: Any) -> Any:
        with failing_in_a_sentence(what, place):
            values = np.asarray(scheme(rng, spec), dtype=float)
        if values.shape != spec.shape:
            raise PartError(f"{place}: {what} gives {values.shape} for {spec.name} of shape {spec.shape}")
        return values

    return checked


def guarded_optimizer(what: str, place: str, make: Any) -> Any:
    def made(parameters: Any, config: Any, on_gpu: bool) -> torch.optim.Optimizer:
        if not _takes_three(make):
            raise PartError(
                f"{place}: {what} is called with parameters, settings and whether they are on a GPU, which its builder "
                "does not take; register a function such as lambda parameters, settings, on_gpu: "
                "torch.optim.RMSprop(parameters, lr=settings.learning_rate)"
            )
        with failing_in_a_sentence(what, place):
            optimizer = make(parameters, config, on_gpu)
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise PartError(f"{place}: {what} must be a torch.optim.Optimizer, not {type(optimizer).__name__}")
        step = optimizer.step

        def checked(closure: None = None) -> None:
            with failing_in_a_sentence(what, place):
                step()

        optimizer.step = checked  # type: ignore[method-assign,assignment]  # the same, told in a sentence
        return optimizer

    return made


def _takes_three(make: Any) -> bool:
    """Whether it can be called with three arguments; a class of torch.optim takes others."""
    if isinstance(make, type) and make.__module__.startswith("torch."):
        return False
    try:
        inspect.signature(make).bind(None, None, None)
    except TypeError:
        return False
    except ValueError:  # of some functions written in C
        pass
    return True


def _tensor(what: str, place: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise PartError(f"{place}: {what} must give a tensor, not {type(value).__name__}")
    return value
