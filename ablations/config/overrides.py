"""Frozen dataclasses from plain data and back, with every type checked. No torch."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ablations.config.errors import ConfigError, unknown
from ablations.config.free_settings import FreeSettings

LEFT_OUT = {"left out": True}
"""Metadata of a field that plain data do not have where it has its default: data written before it existed, and their
digests, stay what they are.
"""
LATER = {**LEFT_OUT, "setting": True}
"""The same of a field that is a setting, added later than the others."""


@functools.cache
def _hints_of(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields: read once, for a study has thousands of variants."""
    return typing.get_type_hints(cls)


@functools.cache
def _fields_of(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    """Those of a dataclass; none of another type."""
    return dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()


@functools.cache
def _form_of(hint: Any) -> tuple[bool, Any, tuple[Any, ...]]:
    """Whether a hint is a dataclass, its origin and its arguments."""
    return dataclasses.is_dataclass(hint) and isinstance(hint, type), typing.get_origin(hint), typing.get_args(hint)


_SCALARS = frozenset((bool, int, float, str, type(None)))


def plain(value: Any, *, whole: bool = False) -> Any:
    """A dataclass as nested mappings, lists and scalars; `build` is its inverse.

    `whole` has every field, also those that are left out where data are kept.
    """
    kind: Any = type(value)
    if kind in _SCALARS:
        return value
    if fields := _fields_of(kind):
        return {
            item.name: plain(getattr(value, item.name), whole=whole)
            for item in fields
            if whole or not (item.metadata.get("left out") and getattr(value, item.name) == item.default)
        }
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, FreeSettings):
        return {name: plain(item) for name, item in value.items()}
    return value


def flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """A nested mapping as dotted keys and values."""
    pairs: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            pairs += flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs


def build(cls: type, tree: Any, where: str) -> Any:
    """A dataclass from plain data; `where` names it in messages.

    Raises:
        ConfigError: an unknown key (with the nearest valid one), a missing one, or a value of the wrong type.
    """
    if not isinstance(tree, Mapping):
        raise ConfigError(f"{where} must be a mapping of settings, not {tree!r}")
    hints = _hints_of(cls)
    for key in tree:
        if key not in hints:
            raise unknown(f"key of {where}:", key, hints, deeper=_dotted(cls)[1])
    required = {item.name for item in dataclasses.fields(cls) if _no_default(item)}
    missing = sorted(required - set(tree))
    if missing:
        raise ConfigError(f"{where} lacks {missing[0]!r}")
    return cls(**{key: _convert(hints[key], value, f"{where}.{key}") for key, value in tree.items()})


def _no_default(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _convert(hint: Any, value: Any, where: str) -> Any:
    """`value` as the type `hint`; text is parsed, as it comes from a command line."""
    if type(value) is hint and hint in _SCALARS:
        return value
    is_dataclass, origin, arguments = _form_of(hint)
    if is_dataclass:
        return value if isinstance(value, hint) else build(hint, value, where)
    if hint is FreeSettings:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} must map settings to values, not {value!r}")
        return value if isinstance(value, FreeSettings) else FreeSettings(value)
    if origin is tuple:
        return _convert_tuple(arguments[0], value, where)
    if origin is Literal:
        if value not in arguments:
            raise unknown(f"value of {where}:", value, [str(a) for a in arguments])
        return value
    if origin in (typing.Union, types.UnionType):
        return _convert_one_of(arguments, value, where)
    return _convert_scalar(hint, value, where)


def _convert_one_of(hints: Sequence[Any], value: Any, where: str) -> Any:
    """The first that is no dataclass, or, of a mapping, the dataclass whose required keys it has, the one with most."""
    if value is None and type(None) in hints:
        return None
    kinds: list[type] = [hint for hint in hints if isinstance(hint, type) and dataclasses.is_dataclass(hint)]
    others = [hint for hint in hints if hint not in kinds and hint is not type(None)]
    if not kinds or (others and not isinstance(value, (Mapping, *kinds))):
        return _convert(others[0], value, where)
    if not isinstance(value, Mapping):
        return _convert(type(value) if type(value) in kinds else kinds[0], value, where)
    known = {key: None for kind in kinds for key in _hints_of(kind)}
    for key in value:
        if key not in known:
            raise unknown(f"key of {where}:", key, known)

    def fits(kind: type) -> tuple[bool, bool, int]:
        needed = {item.name for item in dataclasses.fields(kind) if _no_default(item)}
        return needed <= set(value), set(value) <= set(_hints_of(kind)), len(needed)

    return _convert(max(kinds, key=fits), value, where)


def _convert_tuple(hint: Any, value: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [part for part in value.strip("()[] ").replace(" ", "").split(",") if part]
    elif isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, Sequence):
        raise ConfigError(f"{where} must be a list such as 128,256, not {value!r}")
    return tuple(_convert(hint, item, f"{where}[{index}]") for index, item in enumerate(value))


def convert_as(example: Any, value: Any, where: str) -> Any:
    """`value` in the type of `example`, a plain value; text is parsed, as it comes from a command line.

    Raises:
        ConfigError: it is of another type.
    """
    if isinstance(example, tuple | list):
        return _convert_tuple(type(example[0]) if example else float, value, where)
    return value if example is None else _convert_scalar(type(example), value, where)


def _convert_scalar(hint: Any, value: Any, where: str) -> Any:
    words = {"true": True, "false": False, "yes": True, "no": False}
    try:
        if hint is bool:
            if isinstance(value, str):
                return words[value.lower()]
            if isinstance(value, bool):
                return value
        elif hint is int and not isinstance(value, bool):
            number = float(value) if isinstance(value, str) and not value.lstrip("+-").isdigit() else value
            if int(number) == float(number):
                return int(number)
        elif hint is float and not isinstance(value, bool):
            return float(value)
        elif hint is str and isinstance(value, str):
            return value
    except (ValueError, TypeError, KeyError, OverflowError):
        pass
    kind = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}.get(hint, str(hint))
    raise ConfigError(f"{where} must be {kind}, not {value!r}")


def check_types(instance: Any, where: str) -> None:
    """Raise `ConfigError` for a field of a configuration dataclass whose value is not of its declared type."""
    kind: type = type(instance)
    hints = _hints_of(kind)
    for item in _fields_of(kind):
        value = getattr(instance, item.name)
        if type(value) is hints[item.name] and type(value) in _SCALARS:
            continue
        converted = _convert(hints[item.name], value, f"{where}: {item.name}")
        if converted != value or type(converted) is not type(value):
            object.__setattr__(instance, item.name, converted)
        nested: Any = type(converted)
        if _fields_of(nested):
            check_types(converted, f"{where}: {item.name}")


def assign(tree: dict[str, Any], cls: type, key: str, value: Any) -> None:
    """Set the dotted `key` of the plain tree of a `cls`; the key must exist."""
    free, valid = _dotted(cls)
    if key not in valid and key.rpartition(".")[0] not in free:
        raise unknown("setting", key, valid)
    *parents, last = key.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value


@functools.cache
def _dotted(cls: type, prefix: str = "") -> tuple[set[str], set[str]]:
    """The keys below which any setting may stand, and the keys of settings."""
    free, keys = set[str](), set[str]()
    hints = _hints_of(cls)
    for item in dataclasses.fields(cls):
        key, hint = prefix + item.name, hints[item.name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            more_free, more = _dotted(hint, f"{key}.")
            free, keys = free | more_free, keys | more
        elif hint is FreeSettings:
            free.add(key)
        elif not item.metadata.get("left out") or item.metadata.get("setting"):
            keys.add(key)
    return free, keys
