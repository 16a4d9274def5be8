"""Runs of three evaluations whose scores are whatever a test wants them to be."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ablations.catalog.quantities import CURVES
from ablations.config import Variant
from ablations.store.result import Evaluation, Result, Status
from tests.reports import factories

STEPS = (0, 50, 100)
Score = Callable[[int, int], float]
"""From a seed and a step."""


@functools.cache
def template() -> Result:
    return factories.result(factories.recipes_study(), Variant(name="one", steps=100), 0, 100.0)


def made(seed: int, evaluations: Iterable[Evaluation], status: Status = "finished", last_step: int = 100) -> Result:
    """Curves rise from 0 to 1."""
    one = template()
    return dataclasses.replace(
        one,
        run=dataclasses.replace(one.run, seed=seed),
        status=status,
        last_step=last_step,
        evaluations=tuple(evaluations),
        curves={name: np.arange(last_step, dtype=np.float32) / 100 for name in CURVES},
    )


def run(
    seed: int,
    reader: Score,
    *,
    label_free: Score | None = None,
    plain: Score | None = None,
    readable: Score | None = None,
    status: Status = "finished",
    last_step: int = 100,
) -> Result:
    """The image part by either kind of features, the plain distance by both; `reader` stands for what is left out."""

    def metrics(step: int) -> dict[str, float]:
        images, other = reader(seed, step), (label_free or reader)(seed, step)
        whole = images if plain is None else plain(seed, step)
        read = {} if readable is None else {"readable": readable(seed, step)}
        return read | {
            "frechet_10k": whole,
            "balanced_frechet_10k": images,
            "contrastive_frechet_10k": other if plain is None else whole,
            "contrastive_balanced_frechet_10k": other,
        }

    reached = (step for step in STEPS if step <= last_step)
    evaluations = (Evaluation(step=step, train_seconds=step / 10, metrics=metrics(step)) for step in reached)
    return made(seed, evaluations, status, last_step)


def runs(seeds: int, **variants: Mapping[str, Any]) -> dict[str, dict[int, Result]]:
    """Of the study `s`: a variant's name to the arguments of `run`."""
    return {f"s/{name}": {seed: run(seed, **scores) for seed in range(seeds)} for name, scores in variants.items()}


def noise(seed: int, step: int, salt: int = 0) -> float:
    return float(np.random.default_rng([seed, step, salt]).normal())


def about(level: float, salt: int = 0) -> Score:
    """The level with noise of one unit."""
    return lambda seed, step: level + noise(seed, step, salt)
