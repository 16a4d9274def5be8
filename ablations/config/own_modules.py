"""Networks of a user's own: functions that make a `torch.nn.Module`, and the settings that they take. No torch here.

    def discriminator(shape, classes, width=64):
        return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), width), nn.ReLU(), nn.Linear(width, 1))

    register("discriminator", "narrow", discriminator)

A factory is called with those of these that its signature names: `shape` (channels, height, width), `latent_size`,
`classes` (0 where the variant is unconditional), and the settings of `config.Network` (`hidden`, `dropout`, ...). Every
other parameter must have a default, and is a setting of its own: `discriminator.settings.width=128`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablations.config.errors import ConfigError, unknown
from ablations.config.free_settings import FreeSettings

if TYPE_CHECKING:
    from ablations.config.variant import Network

SIDES = ("generator", "discriminator")
GIVEN = ("shape", "latent_size", "classes")
"""What a factory may be told of the data and the variant."""
KEPT = ("architecture", "output", "settings")
"""Settings of a network that are not the factory's to read."""

Factory = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class ModuleFactories:
    """What makes the modules of an architecture; None: it has no such side."""

    generator: Factory | None = None
    discriminator: Factory | None = None
    search: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)
    """By side: the settings that a search tunes unless told otherwise, each "LOW:HIGH", "A,B,C" or a list of values."""

    def of(self, side: str) -> Factory | None:
        found: Factory | None = getattr(self, side)
        return found

    def search_of(self, side: str) -> Mapping[str, Any]:
        return self.search.get(side, {})

    @property
    def settings(self) -> tuple[str, ...]:
        """Everything that one of them takes beside what it is given."""
        names = [name for side in SIDES if (made := self.of(side)) for name in parameters_of(made)]
        return tuple(name for name in dict.fromkeys(names) if name not in GIVEN)


def line_of_function(function: Any) -> str:
    """Where a function or class is defined: "my_parts.py, line 12"; its name where that cannot be told."""
    try:
        found = inspect.unwrap(function)
        code = getattr(found, "__code__", None)
        line = code.co_firstlineno if code else inspect.getsourcelines(found)[1]
        return f"{Path(inspect.getfile(found)).name}, line {line}"
    except (OSError, TypeError):
        return str(getattr(function, "__name__", function))


def parameters_of(factory: Factory) -> Mapping[str, inspect.Parameter]:
    """By name, without those that take whatever comes."""
    various = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(factory).parameters
    return {name: item for name, item in found.items() if item.kind not in various}


def check_factory(side: str, name: str, factory: Any) -> None:
    """Raise `ConfigError` for what cannot make a module."""
    if not callable(factory):
        raise ConfigError(
            f"the {side} {name!r} must be a function that gives an nn.Module, or a class of them, not "
            f"{type(factory).__name__}"
        )
    if hasattr(factory, "state_dict") and not isinstance(factory, type):
        raise ConfigError(
            f"the {side} {name!r} is a network already, a {type(factory).__name__}; register its class or a function "
            "that makes it, for each seed has its own: def make(): return ..."
        )
    usual = _usual_settings()
    given = (*GIVEN, *usual)
    for key, item in parameters_of(factory).items():
        if item.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise ConfigError(f"{line_of_function(factory)}: {key!r} must be taken by name: remove the / behind it")
        if item.default is inspect.Parameter.empty and key not in given:
            raise ConfigError(
                f"{line_of_function(factory)}: the parameter {key!r} of the {side} {name!r} needs a default, as every "
                f"setting of its own; without one it may take {', '.join(given)}"
            )
        if item.default is not inspect.Parameter.empty and key not in given:
            FreeSettings({key: item.default})
        if key in usual and item.default not in (inspect.Parameter.empty, usual[key]):
            raise ConfigError(
                f"{line_of_function(factory)}: the default {item.default!r} of {key!r} would never be used: every "
                f"network has the setting {side}.{key}, which is {usual[key]!r} unless a study says otherwise; leave "
                "the default out, or give the parameter a name of its own"
            )


def with_settings_read(network: Network, factory: Factory, side: str) -> Network:
    """The network with its settings in their types, and those that the factory does not read at their defaults.

    Raises:
        ConfigError: a setting that the factory does not take, or a value of another type.
    """
    from ablations.config.overrides import convert_as

    taken = parameters_of(factory)
    own = settings_of(factory)
    settings = {}
    for key, value in network.settings.items():
        if key not in own:
            raise unknown(f"setting of {side}.architecture={network.architecture}:", key, own or ["none"])
        settings[key] = convert_as(taken[key].default, value, f"{side}.settings.{key}")
    defaults: dict[str, Any] = {item.name: item.default for item in dataclasses.fields(network)}
    unread = {key: defaults[key] for key in _network_settings() if key not in taken}
    return dataclasses.replace(network, settings=FreeSettings(settings), **unread)


def settings_of(factory: Factory) -> tuple[str, ...]:
    """The names of a factory's own settings."""
    return tuple(key for key in parameters_of(factory) if key not in (*GIVEN, *_network_settings()))


def defaults_of(factory: Factory) -> dict[str, Any]:
    """A factory's own settings with their defaults."""
    taken = parameters_of(factory)
    return {key: taken[key].default for key in settings_of(factory)}


def takes_classes(factories: ModuleFactories, side: str) -> bool:
    """Whether the factory of a side is told the classes, as it must be to be conditional."""
    factory = factories.of(side)
    return factory is not None and "classes" in parameters_of(factory)


def unread_by(factory: Factory) -> tuple[str, ...]:
    """Settings of a network that mean nothing to a factory."""
    return tuple(key for key in _network_settings() if key not in parameters_of(factory))


def arguments(network: Network, factory: Factory, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a factory is called with; its own defaults stand for its own settings that the network does not say."""
    known = dict(given) | {key: getattr(network, key) for key in _network_settings()} | dict(network.settings)
    return {key: known[key] for key in parameters_of(factory) if key in known}


def _network_settings() -> tuple[str, ...]:
    return tuple(_usual_settings())


def _usual_settings() -> dict[str, Any]:
    """The settings of every network that a factory may read, with what each is where nothing is said."""
    from ablations.config.variant import Network

    return {item.name: item.default for item in dataclasses.fields(Network) if item.name not in KEPT}
