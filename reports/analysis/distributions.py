"""The shapes of noise under which a verdict must hold, each with mean 0. Pure: randomness is an argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def normal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.standard_normal(shape)


def student_3(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Student's t with three degrees of freedom: symmetric, heavy tails."""
    return random.standard_t(3, shape)


def exponential(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Skewness 2."""
    return random.standard_exponential(shape) - 1.0


def lognormal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Of a standard normal logarithm: skewness 6.2, the hardest of the four."""
    values = random.standard_normal(shape)
    np.exp(values, out=values)
    return values - math.exp(0.5)


DISTRIBUTIONS: Mapping[str, Draw] = {
    "normal": normal,
    "t(3)": student_3,
    "exponential": exponential,
    "lognormal": lognormal,
}
DEVIATIONS: Mapping[str, float] = {
    "normal": 1.0,
    "t(3)": math.sqrt(3),
    "exponential": 1.0,
    "lognormal": math.sqrt((math.e - 1) * math.e),
}
"""The standard deviation of each."""
