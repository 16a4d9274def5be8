"""What an axis is: a choice, its levels, and what each of them sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations.config import Variant
from ablations.config.overrides import plain

Overrides = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Level:
    """One choice: what it sets, with the settings that a variant needs so that this choice is possible at all."""

    name: str
    label: str
    """As it stands in a report."""
    overrides: Overrides

    def apply(self, variant: Variant, name: str | None = None) -> Variant:
        return variant.override(self.overrides, name=name or f"{variant.name}+{self.name}")

    def is_of(self, variant: Variant) -> bool:
        """Whether a variant has this choice; one without a setting of it, such as of a part of one's own, has not."""
        settings = variant.flat()
        return all(key in settings and settings[key] == plain(value) for key, value in self.overrides.items())


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A choice that is made in more than one way."""

    name: str
    question: str
    levels: tuple[Level, ...]
    sources: tuple[str, ...]
    """The documents that make it."""
    claims: tuple[str, ...] = ()

    def level(self, name: str) -> Level:
        return next(level for level in self.levels if level.name == name)

    def level_of(self, variant: Variant) -> Level | None:
        """The level that a variant already has."""
        return next((level for level in self.levels if level.is_of(variant)), None)
