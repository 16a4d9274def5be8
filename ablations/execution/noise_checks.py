"""The sanity check of a study's recipes, each with and without labels, kept beside the study for its report."""

from __future__ import annotations

import dataclasses
import json
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablations.catalog import RECIPES
from ablations.config import Engine, Variant
from ablations.config.errors import UserError
from ablations.config.parts import NORMALIZATIONS
from ablations.data import Dataset
from ablations.data.splits import load_split
from ablations.execution.plan import Plan
from ablations.store.archive import Archive
from ablations.store.noise_check import FILE, Longer, NoiseCheck, check_identity, read_checks
from ablations.training.against_noise import train_against_noise
from ablations.training.engine import cuda_in_reach, set_up
from ablations.training.numerics import NUMERICS

STEPS = 1_000
LONGER = 4
"""Times as many updates for a D that fails: is it slow, or unable?"""
POINTS = 50
"""Of a curve as it is kept."""


def check_recipes(plan: Plan, archive: Archive, steps: int = STEPS) -> tuple[NoiseCheck, ...]:
    """Check each variant of a plan that is a document's recipe by its name, and keep the outcomes beside the study.

    What was checked already is not checked again. A variant whose D cannot be trained is left out: its runs say why.
    """
    recipes = [variant for variant in plan.study.variants if variant.name in RECIPES]
    if not recipes:
        return ()
    dataset, _ = load_split(plan.conditions.dataset, plan.conditions.split, plan.options.data_folder)
    kept = read_checks(archive.attachment(plan.study.name, FILE))
    known = {item.identity: item for item in kept if item.passed or item.longer}
    engine = plan.conditions.engine
    if engine.device == "cuda" and not cuda_in_reach():
        return ()  # trained on a cluster's GPUs: the check is for a machine that has one
    set_up(engine)
    found = []
    for variant in recipes:
        with suppress(UserError):
            found += [
                known.get(identity_of(variant, dataset, steps, labels))
                or check(variant, dataset, engine, labels, steps)
                for labels in either(dataset)
            ]
    names = {item.variant for item in found}
    found = [*(item for item in kept if item.variant not in names), *found]
    archive.attach(plan.study.name, FILE, json.dumps([item.as_dict() for item in found]).encode())
    return tuple(found)


def either(dataset: Dataset) -> tuple[bool, ...]:
    """Without labels and, where the data have any, with them."""
    return (False,) if dataset.train_labels is None else (False, True)


def check(
    variant: Variant, dataset: Dataset, engine: Engine, labels: bool, steps: int = STEPS, seed: int = 0
) -> NoiseCheck:
    """One check, as it is kept; the process must have been set up for the engine. A D that fails is trained for longer
    too, from the beginning.
    """
    told = variant.override({"conditional": labels})
    found = train_against_noise(told, dataset, engine, steps, seed)
    edges = np.unique(np.linspace(0, steps, min(POINTS, steps) + 1).round().astype(int))

    def along(values: NDArray[Any]) -> tuple[float, ...]:
        return tuple(round(float(part.mean()), 6) for part in np.split(values, edges[1:-1]))

    made = NoiseCheck(
        variant=variant.name,
        identity=identity_of(variant, dataset, steps, labels),
        labels=labels,
        images=steps * variant.batch_size,
        at=tuple(int(edge) for edge in edges[1:]),
        d_real=along(found.d_real),
        d_noise=along(found.d_noise),
        real_right=found.real_right,
        noise_right=found.noise_right,
        over_one=told.batch_size == 1 and NORMALIZATIONS[told.discriminator.normalization].over_batch,
    )
    if made.passed:
        return made
    more = train_against_noise(told, dataset, engine, LONGER * steps, seed)
    later = Longer(steps=LONGER * steps, real_right=more.real_right, noise_right=more.noise_right)
    return dataclasses.replace(made, longer=later)


def identity_of(variant: Variant, dataset: Dataset, steps: int, labels: bool) -> str:
    return check_identity(variant.digest, dataset.digest, steps, labels, NUMERICS)
