"""The generators of stored runs, at every step of which their weights were kept."""

from __future__ import annotations

from collections.abc import Iterator

from ablations.data import Dataset
from ablations.store.archive import Archive
from ablations.store.result import Result
from ablations.training.generator import StoredGenerator


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
