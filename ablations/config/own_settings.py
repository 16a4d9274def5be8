"""Settings of a user's own losses and penalties: what their functions take beside what they are given. No torch.

    def hinge(margin=1.0):
        return Halves(lambda real: (margin - real).relu(), lambda fake: (margin + fake).relu(), torch.neg)

    def centred(discriminate, real, fake, draws, centre=1.0): ...

    register("loss", "my_hinge", hinge, outputs=("logits",))
    register("penalty", "centred", centred)

A loss with settings is a function (or a class) that makes it; a penalty takes them behind its four tensors. Each has a
default and is said as `loss.settings.margin=2` or `loss.penalty_settings.centre=0`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from ablations.config.errors import ConfigError, unknown
from ablations.config.free_settings import FreeSettings
from ablations.config.overrides import convert_as
from ablations.config.own_modules import line_of_function, parameters_of

GIVEN: Mapping[str, int] = {"loss": 0, "penalty": 4}
"""Arguments that a function of a kind is called with before its settings: a penalty D, real, fake and draws."""


def makes_losses(builder: Any) -> bool:
    """Whether it has to be called for a loss: a class, or a function that is no loss itself."""
    return isinstance(builder, type) or (callable(builder) and not hasattr(builder, "real_half"))


def defaults_of(kind: str, builder: Any) -> dict[str, Any]:
    """The settings that a part takes, with their defaults; none of a kind that takes none, or of what is built in."""
    return {key: item.default for key, item in _parameters(kind, builder).items()}


def check_settings(kind: str, name: str, builder: Any, search: Any) -> None:
    """Raise `ConfigError` for a setting without a default or with one that no file could say, and for a range of none.

    `search` maps settings to the ranges in which a search tunes them unless told otherwise.
    """
    if kind not in GIVEN:
        return
    taken = _parameters(kind, builder)
    for key, item in taken.items():
        where = f"{line_of_function(builder)}: the parameter {key!r} of the {kind} {name!r}"
        if item.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise ConfigError(f"{where} must be taken by name: remove the / behind it")
        if item.default is inspect.Parameter.empty:
            raise ConfigError(f"{where} needs a default, as every setting of its own")
        FreeSettings({key: item.default})
    check_ranges(kind, name, taken, search)


def check_ranges(kind: str, name: str, own: Iterable[str], search: Any) -> None:
    """Raise `ConfigError` where `search` states ranges of settings that are none of a part's own."""
    if not isinstance(search, Mapping):
        raise ConfigError(f"the {kind} {name!r}: search must map settings to ranges, not {search!r}")
    for key in search:
        if key not in own:
            raise unknown(f"setting to search of the {kind} {name!r}:", key, list(own) or ["none"])


def settings_read(kind: str, name: str, builder: Any, settings: Mapping[str, Any], where: str) -> FreeSettings:
    """Settings in the types of their defaults; `where` they are said, such as "loss.settings".

    Raises:
        ConfigError: one that the part does not take, or a value of another type.
    """
    own = defaults_of(kind, builder)
    for key in settings:
        if key not in own:
            raise unknown(f"setting in {where} of the {kind} {name!r}:", key, list(own) or ["none"])
    return FreeSettings({key: convert_as(own[key], value, f"{where}.{key}") for key, value in settings.items()})


def settled(kind: str, builder: Any, settings: Mapping[str, Any]) -> Any:
    """The loss or the penalty with these settings; raises whatever own code raises."""
    if kind == "loss":
        return builder(**settings) if makes_losses(builder) else builder
    return functools.partial(builder, **settings) if settings else builder


def _parameters(kind: str, builder: Any) -> dict[str, inspect.Parameter]:
    if kind not in GIVEN or not callable(builder) or (kind == "loss" and not makes_losses(builder)):
        return {}
    try:
        found = list(parameters_of(builder).items())
    except (TypeError, ValueError):  # of some functions written in C
        return {}
    return dict(found[GIVEN[kind] :])
