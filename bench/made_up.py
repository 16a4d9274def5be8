"""Results as large as those of real runs, without the training: for the benchmarks of the store and of the report."""

from __future__ import annotations

import dataclasses

import numpy as np

from ablations.catalog import STUDIES
from ablations.catalog.metrics import primary
from ablations.catalog.quantities import CURVES, GRID_IMAGES
from ablations.config import Engine, Run, Study, Variant
from ablations.config.study import evaluation_steps
from ablations.data import Dataset
from ablations.store.result import Evaluation, Result
from ablations.training.seed_group import SeedGroup


def study_of(variants: int, seeds: int) -> Study:
    """The study `quick` with its first variants, and the contrasts between them."""
    quick = STUDIES["quick"]
    kept = quick.variants[:variants]
    names = {variant.name for variant in kept}
    contrasts = tuple(item for item in quick.contrasts if {item.treatment, item.reference} <= names)
    return dataclasses.replace(quick, variants=kept, contrasts=contrasts, seeds=seeds)


def results_of(study: Study, dataset: Dataset) -> list[Result]:
    """A finished run of each variant and seed, with curves of full length and weights of full size."""
    return [result_of(study, variant, seed, dataset) for variant in study.variants for seed in range(study.seeds)]


def result_of(study: Study, variant: Variant, seed: int, dataset: Dataset) -> Result:
    rng = np.random.default_rng(seed)
    run = Run(
        variant=variant,
        seed=seed,
        width=study.seeds,
        slot=seed % study.seeds,
        dataset=dataset.name,
        data_digest=dataset.digest,
        engine=Engine(),
        numerics=1,
    )
    ticks = evaluation_steps(variant.steps, study.evaluations, study.scored_steps)
    scores = {f"class_{digit}": 0.1 for digit in range(10)} | {"d_real_test": 0.6, "d_fake_eval": 0.4}
    return Result(
        study=study.name,
        run=run,
        status="finished",
        last_step=variant.steps,
        curves={name: rng.gamma(4, 0.2, variant.steps).astype(np.float32) for name in CURVES},
        evaluations=tuple(
            Evaluation(step=step, train_seconds=step / 500, metrics=scores | {primary(): rng.gamma(20, 10)})
            for step in ticks
        ),
        scorer="5" * 16,
        noise_floor=0.2,
        samples={step: rng.integers(0, 256, (GRID_IMAGES, 28, 28), np.uint8) for step in ticks},
        weights=SeedGroup(variant, [seed], dataset, Engine()).weights(0),
        train_seconds=variant.steps / 500,
        evaluation_seconds=1.0,
        environment={"device": "cpu"},
    )
