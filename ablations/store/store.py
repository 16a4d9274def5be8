"""The store: results in, exactly once; studies out, whole.

A child run is complete when its tag `complete` says so, which is the last thing written. Everything without it is the
trace of a killed writer: it counts as absent and is deleted by the next write of that run or by `reconcile`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ablations.config import Study, Variant
from ablations.errors import DataError, StoreError, UserError, unknown
from ablations.results import Result
from ablations.store import rows
from ablations.store.files import RESULT, Files
from ablations.store.gate import Gate
from ablations.store.location import locate
from ablations.store.runs import Runs, age_seconds
from ablations.store.variants import PARENT, Variants

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

STALE_SECONDS = 900.0
"""Where other machines write too, an incomplete run this old has lost its writer."""

_ENDS = {
    "finished": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "timed_out": "KILLED",
    "interrupted": "KILLED",
}


@dataclass(frozen=True, kw_only=True)
class StoredStudy:
    """A study and what the store has of it."""

    study: Study
    results: tuple[Result, ...]
    """One for each variant and seed, of every status, in the study's order; without weights."""
    run_ids: Mapping[str, str]
    """The MLflow run of each result's key."""
    unreadable: Mapping[str, str]
    """Runs whose files are missing or altered, each with the reason: they are not among the results."""
    superseded: int
    """Complete runs left out: of variants the study no longer has in that form, or recorded again under another key."""

    @property
    def failures(self) -> tuple[Result, ...]:
        """Everything that did not finish, diverged runs included."""
        return tuple(result for result in self.results if result.status != "finished")


class Store:
    """Open with `Store.open`. Every method raises `StoreError` where the store cannot be reached, read or written."""

    def __init__(self, gate: Gate, client: MlflowClient) -> None:
        self._gate = gate
        self._client = client
        self._files = Files(gate, client)
        self._runs = Runs(gate, client, self._files)
        self._variants = Variants(self._runs)

    @classmethod
    def open(cls, location: str | Path, artifacts: str | Path | None = None) -> Self:
        """A folder, made if missing, or a tracking URI; `artifacts` is needed only for databases other than sqlite."""
        gate = Gate(locate(location, artifacts))
        return cls(gate, gate.open())

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self._gate.location.uri

    # --- results ---

    def write(self, result: Result, *, copied_from: str | None = None) -> str:
        """Record a result as a child run of its variant and return its run id.

        By (study, key): a finished or diverged run is never replaced, and the same record is never written twice. A
        later record of a run that failed, timed out or was interrupted takes the place of the earlier one.

        Raises:
            DataError: the result has a metric that MLflow does not take.
        """
        rows.check(result)
        with self._gate.writing():
            experiment = self._runs.experiment(result.study)
            earlier = self._runs.search([experiment], kind="seed", run_key=result.key)
            content = rows.content_digest(result)
            for run in filter(_complete, earlier):
                if _done(run) or run.data.tags.get("content_sha256") == content:
                    return str(run.info.run_id)
            self._delete_incomplete(earlier)
            run_id = self._write(experiment, result, copied_from)
            self._settle(self._runs.search([experiment], kind="seed", run_key=result.key))
        return run_id

    def copy(self, run_id: str, study: str, variant: Variant | None = None) -> str:
        """Record a stored run under another study too; returns the run there.

        `variant` is what the other study calls it: the same configuration under another name.
        """
        result = self.read_result(run_id)
        named = variant or result.run.variant
        if named.digest != result.run.variant.digest:
            raise StoreError(f"the run {run_id} is not of the variant {named.name!r}: their settings differ")
        run = dataclasses.replace(result.run, variant=named)
        return self.write(dataclasses.replace(result, study=study, run=run), copied_from=run_id)

    def keys(self, study: str | None = None) -> dict[str, str]:
        """Key to run id of every complete run that is finished or diverged, of one study or of all."""
        return {run.data.tags["run_key"]: run.info.run_id for run in self._children(study) if _done(run)}

    def find(self, key: str) -> str | None:
        """A complete, finished or diverged run with this key in any study."""
        every = [item.experiment_id for item in self._runs.experiments()]
        found = self._runs.search(every, kind="seed", run_key=key)
        return next((run.info.run_id for run in found if _complete(run) and _done(run)), None)

    def read_result(self, run_id: str, *, weights: bool = True) -> Result:
        """One stored run.

        Raises:
            DataError: its files are missing or altered.
        """
        run = self._runs.get(run_id)
        if run.data.tags.get("kind") != "seed":
            raise StoreError(f"the run {run_id} is not one of a single seed; name one of the runs below a variant")
        return self._files.result(run, weights=weights)

    # --- studies ---

    def write_study(self, study: Study, keys: Collection[str] = ()) -> None:
        """Record what is asked, before anything of it is trained; replaces an earlier form of the study.

        `keys` are the runs it now consists of: `read` prefers them to others of the same variant and seed.
        """
        head = json.dumps({"study": study.as_dict(), "keys": sorted(keys)}, indent=1, ensure_ascii=False)
        with self._gate.writing():
            experiment = self._runs.experiment(study.name)
            run = self._study_run(experiment) or self._runs.create(experiment, "report", {"kind": "study"})
            self._files.put(run, "study.json", head.encode())
            self._runs.end(run.info.run_id, "FINISHED")
            note = rows.study_note(study)
            self._runs.tag_experiment(experiment, {"kind": "study", "title": study.title, "mlflow.note.content": note})

    def studies(self) -> tuple[str, ...]:
        """The names of the studies that were recorded, in alphabetical order."""
        return tuple(sorted(item.name for item in self._runs.experiments() if item.tags.get("kind") == "study"))

    def read(self, study: str) -> StoredStudy:
        """A study with all its results, without their weights.

        Where a variant and seed were recorded under several keys (another source, engine or width), the runs that
        `write_study` named come first, then the latest.
        """
        recorded, keys = self._read_study(study)
        complete = self._children(study)
        best: dict[tuple[str, int], Run] = {}
        for run in sorted(complete, key=lambda run: (run.data.tags["run_key"] in keys, run.data.tags["written_at"])):
            best[run.data.tags["variant_digest"], int(run.data.tags["seed"])] = run
        results: list[Result] = []
        run_ids: dict[str, str] = {}
        unreadable: dict[str, str] = {}
        for variant in recorded.variants:
            for (digest, _), run in sorted(best.items(), key=lambda item: item[0]):
                if digest != variant.digest:
                    continue
                try:
                    result = self._files.result(run, weights=False)
                except UserError as error:
                    unreadable[run.info.run_id] = str(error)
                    continue
                # The label may have changed since; what it stands for has not.
                results.append(dataclasses.replace(result, run=dataclasses.replace(result.run, variant=variant)))
                run_ids[result.key] = run.info.run_id
        used = len(set(run_ids.values())) + len(unreadable)
        return StoredStudy(
            study=recorded,
            results=tuple(results),
            run_ids=run_ids,
            unreadable=unreadable,
            superseded=len(complete) - used,
        )

    def summarize(self, study: str) -> None:
        """Bring the variants' runs up to date with their seeds; changes nothing where they are."""
        with self._gate.writing():
            stored = self.read(study)
            experiment = self._experiment(study)
            for variant in stored.study.variants:
                results = [result for result in stored.results if result.run.variant == variant]
                if results:
                    self._variants.summarize(experiment, variant, results)

    def reconcile(self, study: str) -> int:
        """Clear up after killed writers; returns how many incomplete runs were deleted.

        Their results are in the spool still, or were never saved. No run is left in state RUNNING, except where
        other machines may be writing it this minute.
        """
        with self._gate.writing():
            experiment = self._experiment(study)
            children = self._runs.search([experiment], kind="seed")
            deleted = self._delete_incomplete(children)
            by_key: dict[str, list[Run]] = {}
            for run in children:
                by_key.setdefault(run.data.tags["run_key"], []).append(run)
            for runs in by_key.values():
                self._settle(runs)
            if self._study_run(experiment) is not None:
                self.summarize(study)
            self._variants.close(experiment)
        return deleted

    def attach_report(self, study: str, path: Path) -> None:
        """Store a report as the study's artifact `report.html`."""
        try:
            page = path.read_bytes()
        except OSError as error:
            raise DataError(f"cannot read the report {path}: {error.strerror}") from error
        with self._gate.writing():
            run = self._study_run(self._experiment(study))
            if run is None:
                raise StoreError(f"the study {study!r} was not recorded whole; run it again")
            self._files.put(run, "report.html", page)

    # --- the parts ---

    def _write(self, experiment: str, result: Result, copied_from: str | None) -> str:
        tags = rows.run_tags(result) | {PARENT: self._variants.parent(experiment, result.run.variant)}
        if copied_from is not None:
            tags["copied_from"] = copied_from
        seconds = result.train_seconds + result.evaluation_seconds
        run = self._runs.create(experiment, rows.run_name(result), tags, seconds=seconds)
        run_id: str = run.info.run_id
        self._runs.log(run_id, points=rows.run_points(result), params=rows.run_params(result))
        self._runs.log_dataset(run_id, result.run.dataset, result.run.data_digest)
        with self._files.staging(run) as folder:
            try:
                result.save(folder / RESULT)
            except DataError as error:  # the store's disk is at fault, not the result
                raise StoreError(f"{error}; results wait in the spool: free some space and run again") from error
        for step, images in sorted(result.samples.items()):
            grid = rows.sample_grid(images)
            self._gate(partial(self._client.log_image, run_id, grid, key="samples", step=step))
        self._runs.end(run_id, _ENDS[result.status])
        self._runs.log(run_id, tags={"complete": "true"})
        return run_id

    def _children(self, study: str | None) -> list[Run]:
        """The complete runs of one study, or of all; none where the study does not exist."""
        if study is None:
            experiments = [item.experiment_id for item in self._runs.experiments()]
        else:
            found = self._runs.find_experiment(study)
            experiments = [] if found is None else [found.experiment_id]
        return self._runs.search(experiments, kind="seed", complete="true")

    def _experiment(self, study: str) -> str:
        experiment = self._runs.find_experiment(study)
        if experiment is None:
            problem = unknown(f"study of the store {self._gate.location.name}:", study, self.studies())
            raise StoreError(str(problem))
        return str(experiment.experiment_id)

    def _study_run(self, experiment: str) -> Run | None:
        found = self._runs.search([experiment], kind="study")
        return found[0] if found else None

    def _read_study(self, name: str) -> tuple[Study, frozenset[str]]:
        run = self._study_run(self._experiment(name))
        if run is None:
            raise StoreError(f"the study {name!r} was not recorded whole; run it again")
        try:
            head = json.loads(self._files.get(run, "study.json"))
            return Study.from_dict(head["study"]), frozenset(head["keys"])
        except (UserError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the record of the study {name!r} cannot be read ({error}); run it again") from error

    def _delete_incomplete(self, runs: Iterable[Run]) -> int:
        """Where other machines write too, only what its writer must have left for good."""
        left = [run for run in runs if not _complete(run)]
        lost = [run for run in left if self._gate.location.alone or age_seconds(run) > STALE_SECONDS]
        for run in lost:
            self._runs.delete(run)
        return len(lost)

    def _settle(self, runs: Iterable[Run]) -> None:
        """Of several complete records of one run keep one: the first that is done, or else the latest."""
        complete = [run for run in runs if _complete(run)]
        done = [run for run in complete if _done(run)]
        written = sorted(done or complete, key=lambda run: (run.data.tags["written_at"], run.info.run_id))
        keep = (written[0] if done else written[-1]) if written else None
        for run in complete:
            if keep is not None and run.info.run_id != keep.info.run_id:
                self._runs.delete(run)


def _complete(run: Run) -> bool:
    return run.data.tags.get("complete") == "true"


def _done(run: Run) -> bool:
    return run.data.tags.get("status") in rows.DONE
