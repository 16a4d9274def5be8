"""What a verdict demands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ablations.config.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The error, the least difference that matters, and the power to find it."""

    alpha: float = 0.05
    """The chance of any false verdict in a whole study, of difference or of equivalence, over all its looks."""
    noise_floor: float = 0.0
    """An effect no larger than this is never called better or worse; intervals are at least so wide to either side."""
    margin: float = 0.1
    """The least difference that matters, as a share of the reference's mean score: smaller ones count as equivalent."""
    difference: float | None = None
    """The same in units of the score, in place of `margin`."""
    power: float = 0.8
    """The probability with which a difference that is called detectable is found."""

    def size(self, reference: Any) -> Any:
        """The least difference that matters, of the reference's mean score or of an array of them."""
        return self.margin * np.abs(reference) if self.difference is None else self.difference

    def for_difference(self, named: str | None) -> Self:
        """With the least difference that matters as a person names it: "5%" of the reference, or "0.5" of a score.

        Raises:
            ConfigError: it is no positive number.
        """
        if named is None:
            return self
        share, number = named.endswith("%"), named.removesuffix("%")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise ConfigError(f"--difference {named}: it must be a positive number such as 0.5, or a share such as 5%")
        return replace(self, margin=value / 100) if share else replace(self, difference=value)
