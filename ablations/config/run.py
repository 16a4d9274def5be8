"""A training: one seed of one variant on one engine. Its key is its identity."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from ablations.config.digest import sha256_of
from ablations.config.origin import OwnPart
from ablations.config.overrides import LEFT_OUT, build, plain
from ablations.config.own_use import used_by
from ablations.config.variant import Variant


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The facts of the machine that change bits: the same run on another engine is another run."""

    device: str = "cpu"
    """"cpu" or "cuda"."""
    threads: int = 1
    """Intra-operation threads of a process."""
    precision: Literal["float32", "float64", "bfloat16"] = "float32"
    """float64 serves tests; bfloat16 is of the operands of products only, never taken unasked."""
    matmul: Literal["default", "onednn", "onednn_direct"] = "default"
    """The library behind float32 matrix products on a CPU; "onednn" only where it keeps float32, "onednn_direct" where
    PyTorch does not ask it by itself: see `training.products`."""
    isa: str = "native"
    """The instruction set that the libraries are held to: see `training.instruction_set`."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One seed of one variant, and all that decides its weights and curves: not what it is scored with."""

    variant: Variant
    seed: int
    width: int
    """Seeds trained in the same stack."""
    slot: int
    """This seed's place in the stack, 0 to width - 1."""
    dataset: str
    split: str = "whole"
    """What is trained on and scored on: see `data.splits`."""
    data_digest: str
    """Of the whole dataset."""
    engine: Engine
    numerics: int
    """Of the code that trained it: see `training.numerics`."""
    own_data: OwnPart | None = field(default=None, metadata=LEFT_OUT)
    """The user's source that made the dataset; what identifies the data is their digest."""

    @functools.cached_property
    def key(self) -> str:
        """Identity: two runs with one key have the same weights and curves. 20 hexadecimal digits."""
        tree = {
            item.name: plain(getattr(self, item.name))
            for item in dataclasses.fields(self)
            if item.name not in ("variant", "dataset", "own_data")
        }
        return sha256_of(tree | {"variant": self.variant.digest})[:20]

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> Self:
        """The inverse of `overrides.plain`. Raises `ConfigError` for unknown keys and wrong types."""
        variant = tree.get("variant")
        if isinstance(variant, Mapping) and "own_parts" not in variant:
            tree = {**tree, "variant": _read_before(json.dumps(variant))}
        return typing.cast(Self, build(cls, tree, "run"))


@functools.lru_cache(maxsize=1024)
def _read_before(text: str) -> Variant:
    """A variant of built-in parts: the runs of a study share few, and each is checked once."""
    return Variant.from_dict(json.loads(text))


def own_parts_to_draw(tree: Mapping[str, Any]) -> tuple[OwnPart, ...]:
    """The user's parts that G and the data of a run are made of: what drawing from its weights and scoring need."""
    own = own_parts_of_run(tree)
    data = tuple(part for part in own if part.kind == "dataset")
    return used_by(tree["variant"]["generator"], own) + data


def own_parts_of_run(tree: Mapping[str, Any]) -> tuple[OwnPart, ...]:
    """The user's parts that a run needs, of its plain data, whatever else they hold."""
    rows = [*tree["variant"].get("own_parts", ()), *filter(None, [tree.get("own_data")])]
    return tuple(build(OwnPart, row, "own part") for row in rows)
