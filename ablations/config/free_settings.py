"""Settings whose names a user's own part decides: a frozen mapping of plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ablations.config.errors import ConfigError

Plain = bool | int | float | str | tuple[Any, ...]


class FreeSettings(Mapping[str, Plain]):
    """Names to truth values, finite numbers, texts or lists of them; hashable, and equal whatever their order."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Raises `ConfigError` for a name or a value that is none of these."""
        self._values = {name: _plain(name, value) for name, value in sorted((values or {}).items())}

    def __getitem__(self, name: str) -> Plain:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreeSettings) and self._values == other._values

    def __repr__(self) -> str:
        return f"FreeSettings({self._values})"


def _plain(name: object, value: Any) -> Plain:
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(f"{name!r} is no name for a setting: take letters, digits and _, a letter first")
    if isinstance(value, list | tuple):
        return tuple(_plain(name, item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"the setting {name} must be finite, not {value}")
    if not isinstance(value, bool | int | float | str):
        raise ConfigError(f"the setting {name} must be a number, a text, true, false or a list of them, not {value!r}")
    return value
