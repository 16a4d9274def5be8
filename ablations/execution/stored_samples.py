"""The generators of stored runs, at every step of which their weights were kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from torch import Tensor

from ablations.config.errors import DataError
from ablations.data import Dataset, DataShape
from ablations.scoring.metrics.array_types import seeded_rows
from ablations.scoring.suite import sample_count
from ablations.store.archive import Archive
from ablations.store.result import Result
from ablations.training.engine import check_in_reach
from ablations.training.generator import StoredGenerator
from ablations.training.step_inputs import asked_labels


def stored_generators(archive: Archive, dataset: Dataset) -> Iterator[tuple[Result, int, StoredGenerator]]:
    """Run, step and G: of all runs of an archive on this dataset, all kept steps but the first, where nothing is
    trained yet.
    """
    keys = archive.keys()
    for key in keys:
        result = archive.get(key)
        if result.run.data_digest != dataset.digest:
            continue
        for step in sorted(step for step in result.snapshots if step):
            run = result.run
            yield result, step, StoredGenerator(run.variant, dataset.shape, run.seed, result.snapshots[step])


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """Some of the images of a stored run that are scored."""

    result: Result
    step: int
    images: Tensor
    """(n, channels, height, width) in [0, 1]."""
    asked: Tensor | None
    """The class that each was asked for, if any: (n,)."""


def chosen_samples(
    archive: Archive,
    study: str,
    variants: Collection[str],
    seed: int,
    count: int,
    dataset: Dataset,
    *,
    step: int | None = None,
) -> Iterator[Chosen]:
    """Of each variant's run of a seed, after a step or at the end: `count` of the images that are scored, drawn at
    random, always the same ones.

    Raises:
        ConfigError: a run was trained on a GPU, and there is none here.
        DataError: a variant has no run of this seed on this dataset with weights, or none of this step.
    """
    members = {item.variant: item.key for item in archive.members(study) if item.seed == seed}
    for name in variants:
        result = archive.get(members[name]) if name in members else None
        if result is None or not result.snapshots or result.run.data_digest != dataset.digest:
            raise DataError(f"{study!r} has no run of {name!r} with seed {seed} and weights on {dataset.name}")
        chosen, run, whole = max(result.snapshots) if step is None else step, result.run, sample_count(dataset)
        if chosen not in result.snapshots:
            kept = ", ".join(f"{at:,}" for at in sorted(result.snapshots))
            raise DataError(f"{name!r} with seed {seed} has no weights of step {chosen:,}, but of {kept}")
        images = scored_images(result, chosen, dataset.shape, whole)
        rows = seeded_rows(whole, count)
        asked = asked_labels(whole, dataset.shape.classes, images.device) if run.variant.conditional else None
        asked = None if asked is None else asked[rows]
        yield Chosen(result=result, step=chosen, images=images[rows], asked=asked)


def scored_images(result: Result, step: int, shape: DataShape, count: int) -> Tensor:
    """The images that the scores of a run at a step are taken of: (count, channels, height, width) in [0, 1].

    Raises:
        ConfigError: the run was trained on a GPU, and there is none here.
    """
    run = result.run
    check_in_reach(run.engine)
    generator = StoredGenerator(run.variant, shape, run.seed, result.snapshots[step], run.engine.device)
    return generator.sample(count).cpu()
