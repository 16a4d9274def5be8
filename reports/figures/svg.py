"""A few SVG elements, scales and axes. Pure: numbers to markup; colours come from the page's style sheet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from reports.numbers import MINUS

Kind = Literal["linear", "log", "symlog"]
BOX = re.compile(r'viewBox="0 0 (\S+) (\S+)"')


def tag(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """One element. `class_` writes `class`, other underscores become hyphens; text is escaped, `Markup` is not."""
    parts = []
    for key, value in attributes.items():
        if value is not None:
            text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
            parts.append(f' {key.rstrip("_").replace("_", "-")}="{escape(text)}"')
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{''.join(parts)}>{inside}</{name}>" if inside else f"<{name}{''.join(parts)}/>")


def text(content: str, x: float, y: float, class_: str = "tick", anchor: str = "start") -> Markup:
    return tag("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Maps [low, high] to [start, end]; a symlog is linear up to about `linear` and logarithmic beyond."""

    low: float
    high: float
    start: float
    end: float
    kind: Kind = "linear"
    linear: float = 1.0

    def __call__(self, value: float) -> float:
        """Values outside are drawn at the edge."""
        inside = min(max(value, self.low), self.high)
        if self.kind == "linear":
            low, high, at = self.low, self.high, inside
        else:
            low, high, at = self._bent(self.low), self._bent(self.high), self._bent(inside)
        return self.start + (self.end - self.start) * ((at - low) / (high - low) if high > low else 0.5)

    def __str__(self) -> str:
        """What the page's script needs to read a value back from a place: low, high, start, end, kind."""
        return f"{self.low:.6g} {self.high:.6g} {self.start:g} {self.end:g} {self.kind}"

    def _bent(self, value: float) -> float:
        if self.kind == "log":
            return math.log10(value)
        return math.asinh(value / self.linear) if self.kind == "symlog" else value

    def ticks(self, most: int = 5) -> list[float]:
        if self.kind == "log":
            return log_ticks(self.low, self.high, most)
        if self.kind == "symlog":
            largest = max(-self.low, self.high, 1e-12)
            decades = [10.0**k for k in range(math.floor(math.log10(self.linear)), math.floor(math.log10(largest)) + 1)]
            return sorted(v for v in (*(-d for d in decades), 0.0, *decades) if self.low <= v <= self.high)
        return linear_ticks(self.low, self.high, most)


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten inside [low, high], at most `most` of them."""
    span = high - low
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [k * step for k in range(first, last + 1)]
    return [low, high]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**k for k in exponents for d in digits if low <= d * 10.0**k <= high]
        if len(ticks) <= most + 1:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def short(value: float) -> str:
    """A tick's label: 0.25, 10, 2k, 60k."""
    written = f"{value / 1_000:g}k" if abs(value) >= 1_000 else f"{round(value, 10):g}"
    return written.replace("-", MINUS)


def nice_range(values: Sequence[float], *, kind: Kind = "linear", pad: float = 0.05) -> tuple[float, float]:
    """The range of the finite values with some room; of the positive ones for a log scale."""
    finite = [v for v in values if math.isfinite(v) and (kind != "log" or v > 0)]
    if not finite:
        return (0.1, 1.0) if kind == "log" else (0.0, 1.0)
    low, high = min(finite), max(finite)
    if kind == "log":
        room = (high / low) ** pad if high > low else 1.5
        return low / room, high * room
    room = (high - low) * pad if high > low else abs(high) * 0.1 or 1.0
    return low - room, high + room


def spread_out(values: Sequence[float]) -> bool:
    """Do positive values span so much that only a logarithmic axis shows all of them?"""
    finite = [v for v in values if math.isfinite(v) and v > 0]
    return bool(finite) and max(finite) > 15 * min(finite)


def levels(up: Scale, most: int, left: float, right: float) -> list[Markup]:
    """Horizontal lines at round values, each with its number at the left."""
    found = []
    for value in up.ticks(most):
        y = up(value)
        found.append(tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        found.append(text(short(value), left - 6, y + 4, anchor="end"))
    return found


def size_of(made: Markup) -> tuple[float, float]:
    """Width and height of a figure."""
    box = BOX.search(made)
    assert box is not None, "every figure has a view box"
    return float(box[1]), float(box[2])


def figure(width: float, height: float, label: str, *body: Markup, **attributes: str) -> Markup:
    """A whole figure; `label` is what a screen reader says of it."""
    box = f"0 0 {width:g} {height:g}"
    return tag("svg", *body, viewBox=box, role="img", aria_label=label, class_="figure", **attributes)
