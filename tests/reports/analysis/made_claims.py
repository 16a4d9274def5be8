"""Claims, and runs made up to order that answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ablations.config.claim import Check, Claim, Value
from ablations.store.result import Evaluation, Result, Status
from tests.reports.made_up_runs import made

SEEDS = 8
Number = Callable[[int], float]


def run(
    seed: int,
    score: float,
    status: Status = "finished",
    seconds: float = 10.0,
    metrics: Mapping[str, float] | None = None,
) -> Result:
    """A run with scores at steps 0, 50 and 100 that fall in a straight line."""
    evaluations = (
        Evaluation(
            step=step, train_seconds=seconds * share, metrics={"frechet_10k": score * (2 - share), **(metrics or {})}
        )
        for step, share in ((0, 0.0), (50, 0.5), (100, 1.0))
    )
    return made(seed, evaluations, status)


def runs(**variants: Number) -> dict[str, dict[int, Result]]:
    """Study `s`: variant to a score for each seed."""
    return {f"s/{name}": {seed: run(seed, number(seed)) for seed in range(SEEDS)} for name, number in variants.items()}


def noise(seed: int, salt: int = 0) -> float:
    return float(np.random.default_rng([seed, salt]).normal())


def claim(*tests: Check, **facts: object) -> Claim:
    return Claim(name="S9-x", text="x", tests=tests, **facts)  # type: ignore[arg-type]


LOWER = Check(says="a below b", measure=Value(of="s/a"), expect="lower", against=Value(of="s/b"))
