"""The generators of stored runs, at every step of which their weights were kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from torch import Tensor

from ablations.config.errors import DataError
from ablations.data import Dataset
from ablations.scoring.metrics.array_types import seeded_rows
from ablations.scoring.suite import sample_count
from ablations.store.archive import Archive
from ablations.store.result import Result
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


def chosen_samples(
    archive: Archive, study: str, variants: Collection[str], seed: int, count: int, dataset: Dataset
) -> Iterator[tuple[str, Tensor, Tensor | None]]:
    """Of the last step of each variant's run of a seed: its name, `count` of the images that are scored (count,
    channels, height, width), drawn at random, always the same ones, and the classes they were asked for, if any.

    Raises:
        DataError: a variant has no run of this seed on this dataset with weights.
    """
    members = {item.variant: item.key for item in archive.members(study) if item.seed == seed}
    for name in variants:
        result = archive.get(members[name]) if name in members else None
        if result is None or not result.snapshots or result.run.data_digest != dataset.digest:
            raise DataError(f"{study!r} has no run of {name!r} with seed {seed} and weights on {dataset.name}")
        step, run, whole = max(result.snapshots), result.run, sample_count(dataset)
        images = StoredGenerator(run.variant, dataset.shape, run.seed, result.snapshots[step]).sample(whole)
        rows = seeded_rows(whole, count)
        asked = asked_labels(whole, dataset.shape.classes, images.device) if run.variant.conditional else None
        yield name, images[rows], None if asked is None else asked[rows]
