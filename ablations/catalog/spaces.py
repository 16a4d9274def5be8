"""The space that is left of the hyperparameters for one variant."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ablations.catalog.domains import Narrowing, Range, Value, narrow
from ablations.catalog.hyperparameters import Hyperparameter
from ablations.catalog.own_hyperparameters import SETTINGS, domain_of, hyperparameters_of, settings_of
from ablations.config import Variant
from ablations.config.errors import ConfigError, unknown
from ablations.config.own_use import settings_of_parts

MOST_GRID_POINTS = 10_000


@dataclass(frozen=True, kw_only=True)
class Space:
    """What is searched of one variant."""

    variant: Variant
    """With the fixed settings applied."""
    hyperparameters: tuple[Hyperparameter, ...]

    @functools.cached_property
    def settings(self) -> Mapping[str, Any]:
        """The variant's, with what its own parts take where it says nothing."""
        return settings_of(self.variant)

    def walk(self, choose: Callable[[Hyperparameter], Value]) -> dict[str, Value]:
        """The values of all hyperparameters that exist, given those chosen before them."""
        settings, values = dict(self.settings), dict[str, Value]()
        for item in self.hyperparameters:
            if item.exists(settings):
                values[item.key] = settings[item.key] = choose(item)
        return values

    def settle(self, values: Mapping[str, Value], name: str) -> Variant:
        """The variant with these values.

        Raises:
            ConfigError: an impossible combination.
        """
        settings = self.settings
        overrides: dict[str, Any] = {}
        for key, value in values.items():
            widths = settings[key]
            if isinstance(widths, list):
                overrides[key] = [max(1, round(width * float(value) / max(widths))) for width in widths]
            else:
                overrides[key] = value
        return self.variant.override(overrides, name=name)

    def own_values(self) -> dict[str, Value] | None:
        """The values that the variant has already; None where one lies outside the space."""
        settings = self.settings
        found = {
            item.key: max(settings[item.key]) if isinstance(settings[item.key], list) else settings[item.key]
            for item in self.hyperparameters
            if item.exists(settings)
        }
        domains = {item.key: item.domain for item in self.hyperparameters if item.exists(settings)}
        return found if all(domains[key].holds(value) for key, value in found.items()) else None

    def grid(self, points: int) -> tuple[dict[str, Value], ...]:
        """Every combination of `points` values of each range and all values of each choice, in a fixed order.

        Raises:
            ConfigError: more than `MOST_GRID_POINTS`.
        """
        found = tuple(itertools.islice(self._branches({}, 0, points), MOST_GRID_POINTS + 1))
        if len(found) > MOST_GRID_POINTS:
            raise ConfigError(
                f"a grid of {points} points in each of {len(self.keys)} hyperparameters has more than "
                f"{MOST_GRID_POINTS:,} trials; hold some with --fix KEY=VALUE, or take --sampler random"
            )
        return found

    def _branches(self, values: dict[str, Value], place: int, points: int) -> Iterator[dict[str, Value]]:
        if place == len(self.hyperparameters):
            yield values
            return
        item = self.hyperparameters[place]
        if not item.exists({**self.settings, **values}):
            yield from self._branches(values, place + 1, points)
            return
        for value in item.domain.points(points):
            yield from self._branches({**values, item.key: value}, place + 1, points)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.key for item in self.hyperparameters))

    @property
    def common_keys(self) -> tuple[str, ...]:
        """Of the hyperparameters that exist whatever the others are."""
        conditions = {key for item in self.hyperparameters for key in item.when}
        deciding = [item for item in self.hyperparameters if item.key in conditions]
        cases = itertools.product(*(item.domain.points(2) for item in deciding))
        keys = [
            self._keys_where({item.key: value for item, value in zip(deciding, case, strict=True)}) for case in cases
        ]
        return tuple(key for key in self.keys if all(key in present for present in keys))

    def _keys_where(self, decided: Mapping[str, Value]) -> set[str]:
        return set(self.walk(lambda item: decided.get(item.key, item.domain.points(1)[0])))

    def as_dict(self) -> dict[str, str]:
        """Each hyperparameter and its domain, as text; the condition where there is one that can change."""
        rows: dict[str, str] = {}
        for item in self.hyperparameters:
            searched = {key: value for key, value in item.when.items() if key in self.keys}
            label = item.key + "".join(f" where {key}={value}" for key, value in searched.items())
            rows[label] = str(item.domain)
        return rows


def make_space(
    variant: Variant, *, narrowed: Mapping[str, Narrowing] | None = None, fixed: Mapping[str, Any] | None = None
) -> Space:
    """The catalog's space for a variant, with some domains replaced and some settings held.

    Raises:
        ConfigError: an unknown hyperparameter or setting, an empty or impossible domain, one that the variant does not
            have, or nothing left to search.
    """
    narrowed, fixed = dict(narrowed or {}), dict(fixed or {})
    if labels := {"name", "recipe"} & set(fixed):
        raise ConfigError(f"{sorted(labels)[0]} is a label, not a setting: it cannot be fixed")
    base = variant.override(fixed) if fixed else variant
    every = hyperparameters_of(base)
    valid = {item.key for item in every}
    for key in narrowed:
        if key not in valid:
            raise unknown("hyperparameter", key, valid)
        if key in fixed:
            raise ConfigError(f"{key} cannot be both fixed to {fixed[key]} and searched in {narrowed[key]}")

    def narrowed_row(item: Hyperparameter) -> Hyperparameter:
        if item.key not in narrowed:
            return item
        wanted = narrowed[item.key]
        if SETTINGS in item.key:
            return replace(item, domain=domain_of(item.key, settings_of_parts(base).get(item.key), wanted))
        return replace(item, domain=narrow(item.key, item.domain, wanted))

    rows = [narrowed_row(item) for item in every if item.key not in fixed and (item.asked or item.key in narrowed)]
    open_keys = {item.key for item in rows}
    settings = settings_of(base)
    possible = tuple(
        item for item in rows if all(key in open_keys or settings[key] == value for key, value in item.when.items())
    )
    space = Space(variant=base, hyperparameters=possible)
    for key in narrowed:
        if key not in space.keys:
            needed = [f"{k}={v}" for item in every if item.key == key for k, v in item.when.items()]
            raise ConfigError(f"variant {variant.name!r} has no {key}: it needs {' or '.join(needed)}")
    if not possible:
        raise ConfigError(f"nothing of variant {variant.name!r} is left to search: everything is fixed")
    _check_ends(space)
    return space


def _check_ends(space: Space) -> None:
    """Raise `ConfigError` for a domain with an end that no variant may have: better now than in a trial."""
    for item in space.hyperparameters:
        domain = item.domain
        ends = (domain.low, domain.high) if isinstance(domain, Range) else domain.values
        for end in ends:
            value = int(end) if isinstance(domain, Range) and domain.whole else end
            try:
                space.settle({**item.when, item.key: value}, space.variant.name)
            except ConfigError as error:
                raise ConfigError(f"the space of {item.key}, {domain}: {error}") from error
