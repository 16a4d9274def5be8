"""What a user's module does, found out by running it: whether its seeds stack, and why not."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ablations.config.own_modules import line_of_function
from ablations.config.own_parts import PartError, failing_in_a_sentence, in_a_sentence
from ablations.parts.module_layer import ModuleForm, Traits, check_outputs, seeded, tensors_of
from ablations.parts.module_mistakes import check_own_seeds, check_registered

SEEDS, BATCH = 2, 4
TOLERANCE = 1e-3
"""Relative, of outputs and gradients with and without vmap: both are float32 sums in another order."""
ROUNDING = 1e-6
"""As a share of the largest number of a module's gradients: of these what is less is rounding."""


@functools.lru_cache(maxsize=64)
def traits_of(form: ModuleForm) -> Traits:
    """Of a module of this form, in training.

    Raises:
        PartError: it fails, or keeps state where no checkpoint would find it.
    """
    modules = [form.fresh(number) for number in range(SEEDS)]
    inputs = example_inputs(form)
    with seeded(0), failing_in_a_sentence(str(form)):
        states = [_attributes(modules[0])]
        before = _generators()
        if not any(True for _ in modules[0].parameters()):
            raise PartError(f"{line_of_function(form.factory)}: {form} has no parameters, so there is nothing to train")
        check_registered(form, modules[0])
        check_own_seeds(form, modules)
        for rows in inputs:
            outputs = _forward(modules[0].train(), form, rows)
            check_outputs(form, outputs, (), len(rows))
            states.append(_attributes(modules[0]))
        draws = before != _generators()
    if _ignores_inputs(form, inputs):
        given = "its images do" if form.side == "generator" else "what it gives does"
        raise PartError(f"{line_of_function(form.factory)}: {form}: {given} not depend on its input")
    changed = sorted(name for name, value in states[2].items() if states[1].get(name) != value)
    if changed:
        raise PartError(
            f"{line_of_function(type(modules[0]))}: {form} keeps state in {changed[0]}, which no checkpoint would have "
            "and all seeds would share; keep it with register_buffer"
        )
    reason = "it draws random numbers in its forward" if draws else _why_not_stacked(form, modules, inputs)
    operations, convolutional = _operations(form, inputs)
    return Traits(
        stacks=not reason,
        reason=reason,
        draws=draws,
        over_batch=_mixes(form, inputs),
        multiply_adds=operations,
        convolutional=convolutional,
    )


def _forward(module: nn.Module, form: ModuleForm, rows: Tensor) -> Any:
    try:
        return module(*form.examples(rows))
    except (RuntimeError, IndexError) as error:
        # An nn.Embedding speaks of indices, and of `labels.long()` it gives a dimension too many.
        if form.labels and ("indices" in str(error) or _takes_numbers(module, form, rows)):
            raise PartError(
                f"{line_of_function(type(module))}: {form} takes its labels as numbers; they come as one-hot floats "
                f"(batch, {form.labels}): take labels.argmax(1)"
            ) from error
        raise


def _takes_numbers(module: nn.Module, form: ModuleForm, rows: Tensor) -> bool:
    """Whether it works with the numbers of the classes in the place of one-hot labels."""
    values, labels = form.examples(rows)
    try:
        check_outputs(form, module(values, labels.argmax(-1)), (), len(rows))
    except Exception:  # noqa: BLE001 - own code may raise anything
        return False
    return True


def example_inputs(form: ModuleForm, batch: int = BATCH) -> Tensor:
    """Latents, or images in [0, 1], with one-hot labels behind them: (SEEDS, batch, n), always the same."""
    rng = torch.Generator().manual_seed(0)
    size = math.prod(form.inputs)
    draw = torch.randn if form.side == "generator" else torch.rand
    values = draw(SEEDS, batch, size, generator=rng)
    if not form.labels:
        return values
    labels = torch.randint(form.labels, (SEEDS, batch), generator=rng)
    return torch.cat([values, nn.functional.one_hot(labels, form.labels).float()], -1)


def _why_not_stacked(form: ModuleForm, modules: list[nn.Module], inputs: Tensor) -> str:
    """Why vmap cannot run it, or runs it otherwise; empty where it can."""
    module = modules[0].train()
    each = [tensors_of(one) for one in modules]
    trained = [name for name, _ in module.named_parameters()]

    def call(tensors: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        result: Tensor = functional_call(module, dict(tensors), form.examples(rows))
        return result

    def stack() -> dict[str, Tensor]:
        found = {name: torch.stack([one[name].detach() for one in each]) for name in each[0]}
        return {name: values.requires_grad_() if name in trained else values for name, values in found.items()}

    def outcome(outputs: Tensor, tensors: Mapping[str, Tensor]) -> list[Tensor]:
        gradients: tuple[Tensor | None, ...] = ()
        if outputs.requires_grad:
            wanted = [tensors[name] for name in trained]
            gradients = torch.autograd.grad(outputs.square().sum(), wanted, allow_unused=True)
        states = [values for name, values in tensors.items() if name not in trained]
        return [outputs, *states, *(item for item in gradients if item is not None)]

    for training in (True, False):
        module.train(training)
        alone, together = stack(), stack()
        try:
            rows = [call({name: v[slot] for name, v in alone.items()}, inputs[slot]) for slot in range(SEEDS)]
            expected = outcome(torch.stack(rows), alone)
        except Exception as error:
            raise PartError(f"{form}: {in_a_sentence(error)}") from error
        try:
            found = outcome(vmap(call)(together, inputs), together)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
            return in_a_sentence(error)
        rounding = _rounding(expected, 1 + len(alone) - len(trained))
        if len(found) != len(expected) or not all(map(_close, found, expected, rounding)):
            return "as one computation its seeds give other numbers than one after another"
    return ""


def _rounding(expected: list[Tensor], first: int) -> list[float]:
    """The least difference that counts, of each; from `first` on they are gradients. One of these may be 0 but for
    rounding beside those of the same module that are not, as a bias's before BatchNorm is.
    """
    largest = max(map(_largest, expected[first:]), default=0.0)
    return [1e-12 + (ROUNDING * largest if place >= first else 0.0) for place in range(len(expected))]


def _largest(values: Tensor) -> float:
    return float(values.detach().double().abs().max()) if values.numel() else 0.0


def _close(left: Tensor, right: Tensor, least: float) -> bool:
    if left.shape != right.shape:
        return False
    scale = _largest(right)
    difference = (left.detach().double() - right.detach().double()).abs()
    return bool((difference <= TOLERANCE * scale + least).all()) or not math.isfinite(scale)


def _mixes(form: ModuleForm, inputs: Tensor) -> bool:
    """Whether another last sample changes what comes of the first."""
    outputs = []
    for last in (inputs[0, -1], inputs[1, -1]):
        rows = torch.cat([inputs[0, :-1], last[None]])
        with seeded(0), torch.no_grad(), failing_in_a_sentence(str(form)):
            outputs.append(form.fresh(0).train()(*form.examples(rows))[0])
    return not torch.allclose(outputs[0], outputs[1], rtol=1e-5, atol=1e-7, equal_nan=True)


def _ignores_inputs(form: ModuleForm, inputs: Tensor) -> bool:
    """Whether it gives the same of all inputs, and no gradient leads to them: weights that start at 0 have one."""
    outputs = []
    for rows in inputs:
        with seeded(0), torch.no_grad(), failing_in_a_sentence(str(form)):
            outputs.append(form.fresh(0).train()(*form.examples(rows.clone())))
    if not torch.equal(*outputs):
        return False
    leaf = inputs[0].clone().requires_grad_()
    try:
        with seeded(0):
            found = form.fresh(0).train()(*form.examples(leaf * 1))
            return torch.autograd.grad(found.sum(), leaf, allow_unused=True)[0] is None
    except Exception:  # noqa: BLE001 - what it does to its inputs may have no gradient
        return False


@functools.lru_cache(maxsize=64)
def why_not_one(form: ModuleForm) -> str:
    """What a module of this form says of a batch of one sample, in training; empty where it can do with one."""
    rows = example_inputs(form, 1)[0]
    try:
        with seeded(0), torch.no_grad():
            form.fresh(0).train()(*form.examples(rows))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        return in_a_sentence(error)
    return ""


def _operations(form: ModuleForm, inputs: Tensor) -> tuple[int, bool]:
    """Multiply-adds of one sample, and whether most of them are convolutions'."""
    from torch.utils.flop_counter import FlopCounterMode  # it loads Triton: 71 MiB

    counter = FlopCounterMode(display=False)
    with seeded(0), torch.no_grad(), failing_in_a_sentence(str(form)), counter:
        form.fresh(0).train()(*form.examples(inputs[0]))
    counts = {str(key): int(value) for key, value in counter.get_flop_counts().get("Global", {}).items()}
    total = sum(counts.values())
    convolutions = sum(value for key, value in counts.items() if "conv" in key)
    return total // (2 * inputs.shape[1]), 2 * convolutions > total


def _generators() -> tuple[Any, ...]:
    """Where the global generators stand."""
    _, keys, place, *_ = np.random.get_state(legacy=True)  # noqa: NPY002 - own code may draw from it
    return random.getstate(), bytes(np.asarray(keys)), place, bytes(torch.get_rng_state().numpy())


def _attributes(module: nn.Module) -> dict[str, Any]:
    """What it keeps beside parameters and buffers, in a form that can be compared, by name."""
    own = {"training", *vars(nn.Module())}
    return {
        f"self.{name + '.' if name else ''}{key}": form
        for name, one in module.named_modules()
        for key, value in vars(one).items()
        if key not in own
        for form in _comparable(value)
    }


def _comparable(value: Any) -> Iterator[Any]:
    """One form of a value that could be state; nothing of one that could not."""
    if isinstance(value, Tensor):
        yield (tuple(value.shape), value.detach().cpu().numpy().tobytes())
    elif isinstance(value, np.ndarray):
        yield (value.shape, value.tobytes())
    elif isinstance(value, bool | int | float | str | None):
        yield repr(value)
    elif isinstance(value, list | tuple):
        yield [form for item in value for form in _comparable(item)]
    elif isinstance(value, dict):
        yield {str(key): form for key, item in value.items() for form in _comparable(item)}
