"""Mistakes in a user's module that would train without a word: layers that nobody knows of, and seeds that are one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from ablations.config.own_modules import line_of_function
from ablations.config.own_parts import PartError
from ablations.parts.module_layer import ModuleForm


def check_registered(form: ModuleForm, module: nn.Module) -> None:
    """Raise `PartError` where a module keeps layers or parameters in a plain list, tuple or dictionary alone."""
    known = {id(one) for one in (*module.modules(), *module.parameters())}
    for name, one in module.named_modules():
        for key, value in vars(one).items():
            if key.startswith("_") or not isinstance(value, list | tuple | dict):
                continue
            if any(id(found) not in known for found in _parts_in(value)):
                where = f"self.{name + '.' if name else ''}{key}"
                kind = "ModuleDict" if isinstance(value, dict) else "ModuleList"
                raise PartError(
                    f"{line_of_function(type(one))}: {form} keeps layers in {where}, a plain {type(value).__name__}, "
                    f"so that nothing trains or stores them; make it an nn.{kind}, or of parameters an "
                    f"nn.Parameter{kind.removeprefix('Module')}"
                )


def check_own_seeds(form: ModuleForm, modules: Sequence[nn.Module]) -> None:
    """Raise `PartError` where modules of several seeds have equal initial weights although these are drawn."""
    if len({id(one) for one in modules}) < len(modules):
        return  # one module given twice is told of where it is stacked
    tensors = [[*one.parameters()] for one in modules]
    drawn = [values for values in tensors[0] if values.numel() > 1 and bool((values != values.flatten()[0]).any())]
    if drawn and all(torch.equal(one, other) for one, other in zip(*tensors, strict=True)):
        raise PartError(
            f"{line_of_function(form.factory)}: {form} has the same initial weights for every seed: something in "
            "it sets the random generator (torch.manual_seed); leave that out, the harness sets it for each seed"
        )


def _parts_in(value: Any) -> Iterator[nn.Module | nn.Parameter]:
    if isinstance(value, nn.Module | nn.Parameter):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _parts_in(item)
