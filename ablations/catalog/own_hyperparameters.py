"""What may be tuned of a user's own parts: their settings, in the ranges that their file or a search states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablations.catalog.domains import Choice, Domain, Narrowing, Range, narrow
from ablations.catalog.hyperparameters import HYPERPARAMETERS, Hyperparameter
from ablations.config import Variant
from ablations.config.errors import ConfigError
from ablations.config.own_modules import SIDES, parameters_of, unread_by
from ablations.config.own_use import LOSS_SETTINGS, factories_of, factory_of, own_loss_part, settings_of_parts
from ablations.config.parts import OPTIMIZERS, PENALTIES

SETTINGS = "settings."
"""Before the name of a setting of a part's own, and in no key beside."""
ANY = Choice(values=())
"""Of a setting without a stated range: a search says one, or does not search it."""
LOGARITHMIC = 10.0
"""A range above 0 whose ends are so many times apart is searched on a logarithmic scale."""


def hyperparameters_of(variant: Variant) -> tuple[Hyperparameter, ...]:
    """All that may be tuned of a variant: the catalog's, less what its own networks do not read, and what these, its
    own optimizers, loss and penalty read beside.
    """
    unread = {f"{side}.{key}" for side in SIDES if (made := factory_of(variant, side)) for key in unread_by(made)}
    kept = [item for item in HYPERPARAMETERS if item.key not in unread]
    rows = [row for side in SIDES for row in _of_network(variant, side)]
    for side in SIDES:
        name = getattr(variant, f"{side}_optimizer").name
        rows += _as_known(f"{side}_optimizer", {f"{side}_optimizer.name": name}, OPTIMIZERS.get(name), "adam")
    rows += _as_known("loss", {"loss.penalty": variant.loss.penalty}, PENALTIES.get(variant.loss.penalty), "r1")
    return (*kept, *rows, *_of_loss(variant))


def settings_of(variant: Variant) -> dict[str, Any]:
    """A variant's settings, dotted, with the defaults of its own parts for those that it does not say; truth values as
    words.
    """
    found = settings_of_parts(variant) | variant.flat()
    return {key: _word(value) if SETTINGS in key else value for key, value in found.items()}


def domain_of(key: str, default: Any, wanted: Narrowing) -> Domain:
    """What is searched of a setting of own, by the type of its default.

    Raises:
        ConfigError: it is empty, or not of that type.
    """
    example = default[0] if isinstance(default, tuple | list) and default else default
    if isinstance(example, bool):
        words = wanted if isinstance(wanted, str) else [*map(_word, wanted)]
        return narrow(key, Choice(values=("true", "false")), words)
    if isinstance(example, int | float):
        found = narrow(key, Range(low=0.0, high=1.0, whole=isinstance(example, int)), wanted)
        if isinstance(found, Range) and found.low > 0 and found.high / found.low >= LOGARITHMIC:
            return Range(low=found.low, high=found.high, whole=found.whole, log=True)
        return found
    if isinstance(wanted, str) and ":" in wanted:
        raise ConfigError(f"{key} is a text, {example!r} by default: write A,B,C, not the range {wanted!r}")
    return narrow(key, Choice(values=tuple(_parts(wanted))), wanted)


def _of_network(variant: Variant, side: str) -> list[Hyperparameter]:
    made = factory_of(variant, side)
    if made is None:
        return []
    name = getattr(variant, side).architecture
    when = {f"{side}.architecture": name}
    factories = factories_of(variant, side)
    stated = factories.search_of(side) if factories else {}
    rows = _stated(variant, f"{side}.settings.", stated, when)
    if "hidden" in parameters_of(made):
        units = Range(low=64, high=512, log=True, whole=True)
        rows.append(Hyperparameter(key=f"{side}.hidden", domain=units, when=when, asked=False))
    return rows


def _of_loss(variant: Variant) -> list[Hyperparameter]:
    rows = []
    for key, place in LOSS_SETTINGS.items():
        if (part := own_loss_part(variant, key)) is not None:
            rows += _stated(variant, f"loss.{place}.", part.search, {f"loss.{key}": part.name})
    return rows


def _stated(variant: Variant, prefix: str, stated: Mapping[str, Any], when: dict[str, Any]) -> list[Hyperparameter]:
    """A row for each own setting whose key begins with `prefix`; tuned unasked are those with a `stated` range."""
    rows = []
    for full, default in settings_of_parts(variant).items():
        key = full.removeprefix(prefix)
        if key != full:
            domain = domain_of(full, default, stated[key]) if key in stated else ANY
            rows.append(Hyperparameter(key=full, domain=domain, when=when, asked=key in stated))
    return rows


def _as_known(prefix: str, when: dict[str, Any], part: Any, like: str) -> list[Hyperparameter]:
    """The rows of what an own part reads, in the ranges of a built-in one that reads the same."""
    if part is None or part.origin is None:
        return []
    [condition] = when
    return [
        Hyperparameter(key=item.key, domain=item.domain, when=when, asked=item.asked)
        for item in HYPERPARAMETERS
        if item.when.get(condition) == like and item.key.removeprefix(f"{prefix}.") in part.settings
    ]


def _parts(wanted: Narrowing) -> list[Any]:
    return [item.strip() for item in wanted.split(",") if item.strip()] if isinstance(wanted, str) else list(wanted)


def _word(value: Any) -> Any:
    if isinstance(value, tuple):
        return [*map(_word, value)]
    return str(value).lower() if isinstance(value, bool) else value
