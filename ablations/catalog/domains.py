"""What a hyperparameter may be: any number of a range, or one of a few values; and how a user narrows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ablations.config.errors import ConfigError, unknown

Value = float | int | str
Narrowing = str | Sequence[Value]
"""As on a command line, "1e-4:1e-2" or "16,32,64"; or a list of values."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """All numbers from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def holds(self, value: Value) -> bool:
        if isinstance(value, str) or not self.low <= value <= self.high:
            return False
        return not self.whole or value == int(value)

    def points(self, count: int) -> tuple[Value, ...]:
        """At most `count` values from end to end, equally spaced on the scale of the range."""
        bend, straight = (math.log, math.exp) if self.log else (float, float)
        low, high = bend(self.low), bend(self.high)
        shares = [index / (count - 1) for index in range(count)] if count > 1 else [0.5]
        values: list[Value] = [min(max(straight(low + share * (high - low)), self.low), self.high) for share in shares]
        return tuple(dict.fromkeys(round(float(value)) for value in values) if self.whole else values)

    def __str__(self) -> str:
        notes = [note for note, holds in (("log", self.log), ("whole", self.whole)) if holds]
        return f"{self.low:g}:{self.high:g}" + (f" ({', '.join(notes)})" if notes else "")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]

    def holds(self, value: Value) -> bool:
        return value in self.values

    def points(self, count: int) -> tuple[Value, ...]:
        """All values, however many: they have no order to leave some out by."""
        return self.values

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


Domain = Range | Choice


def narrow(key: str, domain: Domain, wanted: Narrowing) -> Domain:
    """The domain that a user asks for, on the scale of the catalog's.

    Raises:
        ConfigError: it is empty, or not of the catalog's kind.
    """
    if isinstance(wanted, str) and ":" in wanted:
        if isinstance(domain, Choice):
            raise ConfigError(f"{key} is a choice: write it as {domain}, not as the range {wanted!r}")
        low, high = (_number(key, part, wanted) for part in wanted.split(":", 1))
        ends = (math.ceil(low), math.floor(high)) if domain.whole else (low, high)
        if not ends[0] < ends[1]:
            raise ConfigError(f"the range {wanted!r} of {key} is empty: low must be below high (one value: --fix)")
        if domain.log and ends[0] <= 0:
            raise ConfigError(f"the range {wanted!r} of {key} must be above 0: its scale is logarithmic")
        return replace(domain, low=ends[0], high=ends[1])
    parts: Sequence[Value] = [p.strip() for p in wanted.split(",") if p.strip()] if isinstance(wanted, str) else wanted
    if isinstance(domain, Range):
        numbers = [_number(key, part, wanted) for part in parts]
        if domain.whole and any(number != int(number) for number in numbers):
            raise ConfigError(f"{key} takes whole numbers, not {wanted!r}")
        parts = [int(number) if domain.whole else number for number in numbers]
    elif strange := [part for part in parts if part not in domain.values]:
        raise unknown(f"value of {key}:", strange[0], map(str, domain.values))
    if not parts:
        raise ConfigError(f"the choice {wanted!r} of {key} is empty; write KEY=LOW:HIGH or KEY=A,B,C")
    return Choice(values=tuple(dict.fromkeys(parts)))


def _number(key: str, part: Value, wanted: Narrowing) -> float:
    try:
        number = float(part)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"{key}: {str(part)!r} in {wanted!r} is not a number; write LOW:HIGH or A,B,C")
    return number
