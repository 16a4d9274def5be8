"""Small studies and results, made without training: for tests of everything that comes after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ablations.catalog.quantities import CURVES
from ablations.config import Contrast, Engine, Run, Study, Variant
from ablations.config.study import evaluation_steps
from ablations.store import Archive, Member
from ablations.store.result import Evaluation, Result, Status

SCORER = "c" * 16
"""Whoever scored what `make_result` makes."""
ENVIRONMENT = {"python": "CPython 3.11.9", "cpu": "a processor", "threads": "1", "command": "ablations run demo"}


def make_variant(name: str = "baseline", **overrides: Any) -> Variant:
    """A valid variant; keywords are dotted settings with `__` for the dot, e.g. `loss__criterion="mse"`."""
    settings = {key.replace("__", "."): value for key, value in overrides.items()}
    return Variant(name=name, batch_size=8, steps=40).override(settings, name=name)


def make_study(name: str = "demo", *, variants: tuple[Variant, ...] = (), seeds: int = 3) -> Study:
    """By default a baseline and one treatment ("sgd") with a contrast between them."""
    chosen = variants or (make_variant(), make_variant("sgd", generator_optimizer__name="sgd"))
    reference = chosen[0].name
    contrasts = tuple(
        Contrast(axis="optimizer", question=f"{name} instead of {reference}", treatment=name, reference=reference)
        for name in (variant.name for variant in chosen[1:])
    )
    return Study(
        name=name,
        title=f"The {name} study",
        description="Made for tests.\n\nSecond paragraph.",
        variants=chosen,
        contrasts=contrasts,
        seeds=seeds,
        evaluations=2,
    )


def make_run(variant: Variant, seed: int = 0, **changes: Any) -> Run:
    facts: dict[str, Any] = {
        "variant": variant,
        "seed": seed,
        "width": 5,
        "slot": seed % 5,
        "dataset": "digits",
        "data_digest": "d" * 64,
        "engine": Engine(),
        "numerics": 1,
    }
    return Run(**(facts | changes))


def make_result(
    variant: Variant | str = "baseline",
    seed: int = 0,
    score: float | None = None,
    *,
    study: str = "demo",
    status: Status = "finished",
    reason: str = "",
    metrics: Mapping[str, float] | None = None,
    images: int = 20,
    weights: int = 200,
    evaluations: int = 2,
    scorer: str = SCORER,
    **run: Any,
) -> Result:
    """A result whose arrays follow from variant and seed. `score` is its last `frechet_10k`.

    A status other than "finished" stops half way, and a diverged one has NaN in its losses from there on.
    """
    chosen = make_variant(variant) if isinstance(variant, str) else variant
    rng = np.random.default_rng([seed, int(chosen.digest[:8], 16)])
    steps = chosen.steps if status == "finished" else chosen.steps // 2
    curves = {name: rng.normal(1.0, 0.1, steps).astype(np.float32) for name in CURVES}
    if status == "diverged":
        for values in curves.values():
            values[-3:] = np.nan
    final = float(rng.uniform(5, 50)) if score is None else score
    ticks = [step for step in evaluation_steps(chosen.steps, evaluations) if step <= steps]
    evaluated = tuple(
        Evaluation(
            step=step,
            train_seconds=step / 100,
            metrics={
                "frechet_10k": final + 2.0 * (ticks[-1] - step),
                **{f"class_{digit}": 0.1 for digit in range(10)},
                **(metrics or {}),
            },
        )
        for step in ticks
    )
    return Result(
        study=study,
        run=make_run(chosen, seed, **run),
        status=status,
        reason=reason or ("" if status == "finished" else f"it {status} in a test"),
        last_step=steps,
        curves=curves,
        evaluations=evaluated,
        scorer=scorer,
        noise_floor=0.25,
        samples={step: rng.integers(0, 256, (images, 28, 28), dtype=np.uint8) for step in ticks},
        weights={"generator.weight": rng.normal(size=weights).astype(np.float32)},
        snapshots={step: {"weight": rng.normal(size=4).astype(np.float32)} for step in ticks},
        train_seconds=steps / 100,
        evaluation_seconds=0.5,
        environment=ENVIRONMENT,
        notes={"rungs": [1, 2]},
    )


def keep(archive: Archive, study: Study, results: Iterable[Result], *, scorer: str = SCORER) -> None:
    """Put the results into the archive, and the study that consists of them."""
    kept = list(results)
    for result in kept:
        archive.put(result)
    members = [Member(variant=item.run.variant.name, seed=item.run.seed, key=item.key) for item in kept]
    archive.write_study(study, members, scorer=scorer)


def assert_same_result(left: Result, right: Result) -> None:
    """All fields equal, arrays to the bit; weights and snapshots only where both have them."""
    for field in dataclasses.fields(Result):
        if field.name not in ("curves", "samples", "weights", "snapshots", "evaluations"):
            # repr: NaN differs from itself, but its text does not
            assert repr(getattr(left, field.name)) == repr(getattr(right, field.name)), field.name
    for ours, theirs in zip(left.evaluations, right.evaluations, strict=True):
        assert (ours.step, ours.train_seconds) == (theirs.step, theirs.train_seconds)
        assert repr(sorted(ours.metrics.items())) == repr(sorted(theirs.metrics.items()))
    assert left.curves.keys() == right.curves.keys()
    for name, values in left.curves.items():
        np.testing.assert_array_equal(values, right.curves[name])
    assert left.samples.keys() == right.samples.keys()
    for step, images in left.samples.items():
        np.testing.assert_array_equal(images, right.samples[step])
    if left.weights and right.weights:
        assert left.digests == right.digests
        assert left.snapshots.keys() == right.snapshots.keys()
        for step, tensors in left.snapshots.items():
            assert tensors.keys() == right.snapshots[step].keys()
            for name, values in tensors.items():
                np.testing.assert_array_equal(values, right.snapshots[step][name])
