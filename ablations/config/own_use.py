"""What a variant uses of a user's own parts, and whether they are here. No torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ablations.config import own_modules, own_parts, own_settings, parts
from ablations.config.errors import ConfigError
from ablations.config.origin import Origin, OwnPart
from ablations.config.own_modules import SIDES, Factory, ModuleFactories, unread_by
from ablations.config.registry import Part, Registry

if TYPE_CHECKING:
    from ablations.config.variant import Loss, Network, Variant

_OF_A_NETWORK = ("architecture", "activation", "normalization", "weight_norm", "output")
"""Kinds of parts that a network's settings name, each by the setting of that name."""
LOSS_SETTINGS: Mapping[str, str] = {"criterion": "settings", "penalty": "penalty_settings"}
"""Where `loss` names a part, and where it says the settings of that part's own."""


def named_parts(variant: Variant) -> list[tuple[Registry[Any], str, str]]:
    """Every name of a part that a variant says: its registry, the setting, the name."""
    said: list[tuple[Registry[Any], str, str]] = [
        (parts.LOSSES, "loss.criterion", variant.loss.criterion),
        (parts.PENALTIES, "loss.penalty", variant.loss.penalty),
        (parts.INITIALIZATIONS, "initialization", variant.initialization),
    ]
    for side in SIDES:
        network: Network = getattr(variant, side)
        said += [(parts.KINDS[kind], f"{side}.{kind}", getattr(network, kind)) for kind in _OF_A_NETWORK]
    for key in ("generator_optimizer", "discriminator_optimizer"):
        said.append((parts.OPTIMIZERS, f"{key}.name", getattr(variant, key).name))
    return said


def own_parts_of(variant: Variant) -> tuple[OwnPart, ...]:
    """The parts of a user's own that a variant names; what it says of one already is kept."""
    known = {(part.kind, part.name): part for part in variant.own_parts}
    found: dict[tuple[str, str], OwnPart] = {}
    for registry, _, name in named_parts(variant):
        place = (registry.kind, name)
        part = known.get(place) or own_part(registry, name)
        if part is not None:
            found[place] = part
    return tuple(found[place] for place in sorted(found))


def own_part(registry: Registry[Any], name: str) -> OwnPart | None:
    """A part of a registry as a stored run remembers it; None where it is built in or not here."""
    part = registry.get(name)
    if part is None or part.origin is None:
        return None
    return OwnPart(kind=registry.kind, name=name, source=part.origin.name, sha256=part.origin.sha256)


def own_dataset(name: str) -> OwnPart | None:
    """A dataset as a stored run remembers it; None where it is built in."""
    return own_part(parts.DATASETS, name)


def sources_for(variant: Variant, dataset: str) -> tuple[Origin, ...]:
    """Of the sources that were read: those that a variant names, and what its data and every score need."""
    used = {part.sha256 for part in variant.own_parts}
    data = own_dataset(dataset)
    used |= {data.sha256} if data else set()
    for registry in (parts.METRIC_PARTS, parts.EXTRACTOR_PARTS):
        used |= {origin.sha256 for name in registry if (origin := registry[name].origin)}
    return tuple(origin for origin in own_parts.loaded() if origin.sha256 in used)


def missing(wanted: Iterable[OwnPart]) -> str | None:
    """Which source is needed and not here, in a sentence; None where all are."""
    for part in wanted:
        registry = parts.KINDS.get(part.kind)
        here = None if registry is None else registry.get(part.name)
        origin = None if here is None else here.origin
        if origin is not None and origin.sha256 == part.sha256:
            continue
        found = "" if origin is None else f"; {origin.name} as it is here has SHA-256 {origin.sha256[:12]}"
        return f"{part} is needed: name that source with --parts{found}"
    return None


def used_by(settings: Mapping[str, Any], own: Iterable[OwnPart]) -> tuple[OwnPart, ...]:
    """Of a variant's own parts those that a network of these settings is made of."""
    return tuple(part for part in own if part.kind in _OF_A_NETWORK and settings.get(part.kind) == part.name)


def check_present(variant: Variant, side: str | None = None) -> None:
    """Raise `ConfigError` where a variant, or its network of one side, names a part of the user's own whose source was
    not named.
    """
    own = variant.own_parts if side is None else used_by(vars(getattr(variant, side)), variant.own_parts)
    if reason := missing(own):
        raise ConfigError(f"variant {variant.name!r}: {reason}")


def factories_of(variant: Variant, side: str) -> ModuleFactories | None:
    """Of the modules of a user's own; None for other networks, and where their source is not here."""
    network: Network = getattr(variant, side)
    part = parts.ARCHITECTURES.get(network.architecture)
    own = (item for item in variant.own_parts if (item.kind, item.name) == ("architecture", network.architecture))
    if part is None or not isinstance(part.builder, ModuleFactories) or missing(own):
        return None
    return part.builder


def factory_of(variant: Variant, side: str) -> Factory | None:
    """Of the module of a user's own on that side; None where there is none, or its source is not here."""
    factories = factories_of(variant, side)
    return None if factories is None else factories.of(side)


def settings_of_parts(variant: Variant) -> dict[str, Any]:
    """The settings that the own parts of a variant take, dotted as a study says them, with their defaults."""
    found: dict[str, Any] = {}
    for side in SIDES:
        factory = factory_of(variant, side)
        taken = {} if factory is None else own_modules.defaults_of(factory)
        found |= {f"{side}.settings.{key}": value for key, value in taken.items()}
    for key, place in LOSS_SETTINGS.items():
        taken = {} if (part := own_loss_part(variant, key)) is None else part.defaults
        found |= {f"loss.{place}.{name}": value for name, value in taken.items()}
    return found


@dataclasses.dataclass(frozen=True)
class OwnLossPart:
    """A loss or a penalty of the user's own that a variant names."""

    kind: str
    name: str
    builder: Any
    search: Mapping[str, Any]

    @property
    def defaults(self) -> dict[str, Any]:
        return own_settings.defaults_of(self.kind, self.builder)


def own_loss_part(variant: Variant, key: str) -> OwnLossPart | None:
    """What `loss.KEY` names; None where that is built in, or its source is not here."""
    registry: Registry[Any] = parts.LOSSES if key == "criterion" else parts.PENALTIES
    name = getattr(variant.loss, key)
    part = registry.get(name)
    if part is None or part.origin is None or missing(variant.own_parts):
        return None
    return OwnLossPart(kind=registry.kind, name=name, builder=part.load(), search=part.search)


def settings_taken(kind: str, part: Part) -> dict[str, Any]:
    """The settings of a part's own, dotted as a study says them, with their defaults."""
    builder = part.builder
    if isinstance(builder, ModuleFactories):
        made = {side: builder.of(side) for side in SIDES}
        taken = {side: own_modules.defaults_of(factory) for side, factory in made.items() if factory is not None}
        return {f"{side}.settings.{key}": value for side, own in taken.items() for key, value in own.items()}
    if part.origin is None or kind not in own_settings.GIVEN:
        return {}
    place = LOSS_SETTINGS["criterion" if kind == parts.LOSSES.kind else "penalty"]
    return {f"loss.{place}.{key}": value for key, value in own_settings.defaults_of(kind, part.load()).items()}


def with_settings_read(variant: Variant) -> dict[str, Network | Loss]:
    """The networks that are modules of the user's own, each as its factory reads it, by side, and `loss` where it names
    a part of the user's own.

    Raises:
        ConfigError: a setting that the factory does not take, or a value of another type.
    """
    found: dict[str, Network | Loss] = {}
    for side in SIDES:
        factory = factory_of(variant, side)
        if factory is not None:
            found[side] = own_modules.with_settings_read(getattr(variant, side), factory, side)
    loss = variant.loss
    for key, place in LOSS_SETTINGS.items():
        if (part := own_loss_part(variant, key)) is not None:
            said = getattr(loss, place)
            taken = own_settings.settings_read(part.kind, part.name, part.builder, said, f"loss.{place}")
            changed: dict[str, Any] = {place: taken}
            loss = dataclasses.replace(loss, **changed)
    return found | ({} if loss is variant.loss else {"loss": loss})


def check_read(variant: Variant, keys: Iterable[str]) -> None:
    """Raise `ConfigError` where one of the settings `keys`, just said, means nothing to a network of the user's own."""
    for side in SIDES:
        factory = factory_of(variant, side)
        if factory is None:
            continue
        name = getattr(variant, side).architecture
        for key in unread_by(factory):
            if f"{side}.{key}" in keys:
                takes = ", ".join(f"{side}.settings.{item}" for item in own_modules.settings_of(factory)) or "none"
                raise ConfigError(
                    f"variant {variant.name!r}: {side}.architecture={name} does not read {side}.{key}; its own "
                    f"settings: {takes}"
                )
