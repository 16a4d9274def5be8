"""Numbers as a person reads them. Pure."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


def number(value: float, digits: int = 3) -> str:
    """`digits` significant digits, at most so many decimals, thousands separated: 0.0123, 12.3, 1,230."""
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "\N{INFINITY}"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    rounded = round(value, decimals)
    text = f"{abs(rounded):,.{max(0, min(decimals, 6))}f}"
    return (MINUS if rounded < 0 else "") + text
