"""A factorial study and its scores, made up."""

from __future__ import annotations

import itertools

import numpy as np

from ablations.config import Study
from reports.analysis.verdicts import Scores
from tests.reports.factories import quick_study

ACTIVATIONS, OPTIMIZERS, CONDITIONS = ("leaky_relu", "sigmoid", "relu"), ("adam", "sgd"), (False, True)


def crossed() -> Study:
    """Three activations (of both networks) by two optimizers (of both) by two conditions."""
    base = quick_study().variants[0]
    variants = tuple(
        base.override(
            {
                "generator.activation": activation,
                "discriminator.activation": activation,
                "generator_optimizer.name": optimizer,
                "discriminator_optimizer.name": optimizer,
                "conditional": conditional,
            },
            name=f"{activation}-{optimizer}-{conditional}",
        )
        for activation, optimizer, conditional in itertools.product(ACTIVATIONS, OPTIMIZERS, CONDITIONS)
    )
    return Study(name="crossed", title="Crossed", description="", variants=variants, seeds=8)


def scores(random: np.random.Generator, n: int = 8, *, planted: bool = True) -> Scores:
    """SGD costs 40; Sigmoid costs 30, but only with SGD; seeds shift all cells together."""
    luck = 20 * random.normal(size=n)
    table = {}
    for activation, optimizer, conditional in itertools.product(ACTIVATIONS, OPTIMIZERS, CONDITIONS):
        level = 200.0 + (40 * (optimizer == "sgd") + 30 * (optimizer == "sgd" and activation == "sigmoid")) * planted
        noise = random.normal(size=n)
        table[f"{activation}-{optimizer}-{conditional}"] = {s: float(level + luck[s] + noise[s]) for s in range(n)}
    return table
