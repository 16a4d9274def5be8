"""The child runs: one run of training each, written once whoever else writes and whenever a writer is killed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ablations.config.errors import DataError, StoreError
from ablations.store.mirror import rows
from ablations.store.mirror.artifacts import RESULT, Files
from ablations.store.mirror.mlflow_runs import COMPLETE, Runs, age_seconds, is_complete
from ablations.store.mirror.variant_runs import PARENT, Variants
from ablations.store.result import Result, Status

if TYPE_CHECKING:
    from mlflow.entities import Run

STALE_SECONDS = 900.0
"""Where other machines write too, an incomplete run this old has lost its writer."""

_ENDS: Mapping[Status, str] = {
    "finished": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "timed_out": "KILLED",
    "interrupted": "KILLED",
}


class Children:
    """The child runs of one store. Callers hold the store's lock while they write.

    `alone`: no other machine writes, so that an incomplete run is nobody's work.
    """

    def __init__(self, runs: Runs, files: Files, variants: Variants, *, alone: bool) -> None:
        self._runs = runs
        self._files = files
        self._variants = variants
        self._alone = alone

    def write(self, experiment: str, result: Result, copied_from: str | None) -> str:
        """The run id of the one record of this run; see `Store.write`."""
        earlier = self.of_key([experiment], result.key)
        content = rows.content_digest(result)
        for run in filter(is_complete, earlier):
            if is_done(run) or run.data.tags.get("content_sha256") == content:
                return str(run.info.run_id)
        self.delete_incomplete(earlier)
        run_id = self._write(experiment, result, copied_from)
        if earlier or not self._alone:
            self.settle(self.of_key([experiment], result.key))
        return run_id

    def of_key(self, experiments: Sequence[str], key: str) -> list[Run]:
        """Complete or not."""
        return self._runs.search(experiments, kind="seed", run_key=key)

    def complete(self, experiments: Sequence[str]) -> list[Run]:
        return self._runs.search(experiments, kind="seed", **COMPLETE)

    def reconcile(self, experiment: str) -> int:
        """Delete what is incomplete or doubled; returns how many were incomplete."""
        children = self._runs.search([experiment], kind="seed")
        deleted = self.delete_incomplete(children)
        by_key: dict[str, list[Run]] = {}
        for run in children:
            by_key.setdefault(run.data.tags["run_key"], []).append(run)
        for runs in by_key.values():
            self.settle(runs)
        return deleted

    def delete_incomplete(self, runs: Iterable[Run]) -> int:
        left = [run for run in runs if not is_complete(run)]
        lost = [run for run in left if self._alone or age_seconds(run) > STALE_SECONDS]
        for run in lost:
            self._runs.delete(run)
        return len(lost)

    def settle(self, runs: Iterable[Run]) -> None:
        """Of several complete records of one run keep one: the first that is done, or else the latest."""
        complete = sorted(filter(is_complete, runs), key=lambda run: (run.data.tags["written_at"], run.info.run_id))
        done = [run for run in complete if is_done(run)]
        keep = done[:1] or complete[-1:]
        for run in complete:
            if run is not keep[0]:
                self._runs.delete(run)

    def _write(self, experiment: str, result: Result, copied_from: str | None) -> str:
        tags = rows.run_tags(result) | {PARENT: self._variants.parent(experiment, result.run.variant)}
        if copied_from is not None:
            tags["copied_from"] = copied_from
        start = time.time() - result.train_seconds - result.evaluation_seconds
        run = self._runs.create(experiment, rows.run_name(result), tags, start=start)
        run_id: str = run.info.run_id
        self._runs.log_dataset(run_id, result.run.dataset, result.run.data_digest)
        with self._files.staging(run) as folder:
            try:
                result.save(folder / RESULT)
            except DataError as error:  # the store's disk is at fault, not the result
                raise StoreError(f"{error}; results wait in the spool: free some space and run again") from error
        self._runs.log_samples(run_id, result.samples)
        self._runs.end(run_id, _ENDS[result.status])
        self._runs.log(run_id, points=rows.run_points(result), params=rows.run_params(result), tags=COMPLETE)
        return run_id


def is_done(run: Run) -> bool:
    return run.data.tags.get("status") in rows.DONE
