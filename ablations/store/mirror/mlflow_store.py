"""The store: results in, exactly once; studies out, whole.

A child run is complete when its tag `complete` says so, which is the last thing written. Everything without it is the
trace of a killed writer: it counts as absent and is deleted by the next write of that run or by `reconcile`.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ablations.config import Study, Variant
from ablations.config.errors import DataError, StoreError, UserError, unknown
from ablations.store.mirror import rows
from ablations.store.mirror.artifacts import Files
from ablations.store.mirror.children import Children, is_done
from ablations.store.mirror.guarded_calls import Gate
from ablations.store.mirror.location import locate
from ablations.store.mirror.mlflow_runs import Runs, is_complete
from ablations.store.mirror.searches import Searches, SearchRecord, TrialRecord
from ablations.store.mirror.server import MODEL_TRAINING
from ablations.store.mirror.variant_runs import Variants
from ablations.store.result import Result

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient


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
    weights_sha256: Mapping[str, str] = field(default_factory=dict)
    """The digest of each result's weights, by key: the weights themselves are left out."""

    @property
    def failures(self) -> tuple[Result, ...]:
        """Everything that did not finish, diverged runs included."""
        return tuple(result for result in self.results if result.status != "finished")


class Store:
    """Open with `Store.open`. Every method raises `StoreError` where the store cannot be reached, read or written."""

    def __init__(self, gate: Gate, client: MlflowClient) -> None:
        self._gate = gate
        self._files = Files(gate, client)
        self._runs = Runs(gate, client, self._files)
        self._variants = Variants(self._runs)
        self._searches = Searches(self._runs, self._files)
        self._children = Children(self._runs, self._files, self._variants, alone=gate.location.alone)

    @classmethod
    def open(cls, location: str | Path, artifacts: str | Path | None = None) -> Self:
        """A folder, made if missing, or a tracking URI; `artifacts` is needed only for databases other than sqlite."""
        gate = Gate(locate(location, artifacts))
        return cls(gate, gate.open())

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self._gate.location.uri

    @property
    def folder(self) -> Path | None:
        """The folder of the database, where it is a file of this machine."""
        database = self._gate.location.database
        return database.parent if database else None

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
            return self._children.write(self._runs.experiment(result.study), result, copied_from)

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
        return {run.data.tags["run_key"]: run.info.run_id for run in self._complete(study) if is_done(run)}

    def find(self, key: str) -> str | None:
        """A complete, finished or diverged run with this key in any study."""
        every = [item.experiment_id for item in self._runs.experiments()]
        found = self._children.of_key(every, key)
        return next((run.info.run_id for run in found if is_complete(run) and is_done(run)), None)

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
            tags = {"kind": "study", "title": study.title, "mlflow.note.content": rows.study_note(study)}
            self._runs.tag_experiment(experiment, {**tags, **rows.VIEW})
            start = time.time()
            for index, variant in enumerate(study.variants):
                # MLflow's table shows the latest first: so it has the study's order.
                self._variants.parent(experiment, variant, start=start - 0.01 * index)

    def page(self, study: str) -> str:
        """Where a study is on MLflow's pages, to append to a server's address: the table with its summary columns."""
        return f"/#/experiments/{self._experiment(study)}/runs?viewStateShareKey={rows.VIEW_KEY}&{MODEL_TRAINING}"

    def studies(self) -> tuple[str, ...]:
        """The names of the studies that were recorded, in alphabetical order."""
        return tuple(sorted(item.name for item in self._runs.experiments() if item.tags.get("kind") == "study"))

    def variants(self, study: str) -> tuple[str, ...]:
        """The names of a recorded study's variants."""
        return tuple(variant.name for variant in self._read_study(study)[0].variants)

    def run_ids(self, prefix: str) -> tuple[str, ...]:
        """Of all complete runs of single seeds, those that begin so."""
        return tuple(run.info.run_id for run in self._complete(None) if run.info.run_id.startswith(prefix))

    def read(self, study: str) -> StoredStudy:
        """A study with all its results, without their weights.

        Where a variant and seed were recorded under several keys (another source, engine or width), the runs that
        `write_study` named come first, then the latest.
        """
        recorded, keys = self._read_study(study)
        complete = self._complete(study)
        best: dict[tuple[str, int], Run] = {}
        for run in sorted(complete, key=lambda run: (run.data.tags["run_key"] in keys, run.data.tags["written_at"])):
            best[run.data.tags["variant_digest"], int(run.data.tags["seed"])] = run
        results: list[Result] = []
        run_ids: dict[str, str] = {}
        weights: dict[str, str] = {}
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
                weights[result.key] = run.data.tags["weights_sha256"]
        used = len(set(run_ids.values())) + len(unreadable)
        return StoredStudy(
            study=recorded,
            results=tuple(results),
            run_ids=run_ids,
            weights_sha256=weights,
            unreadable=unreadable,
            superseded=len(complete) - used,
        )

    def summarize(self, study: str) -> None:
        """Bring the variants' runs up to date with their seeds; changes nothing where they are."""
        with self._gate.writing():
            stored = self.read(study)
            groups: dict[Variant, list[Result]] = {}
            for result in stored.results:
                groups.setdefault(result.run.variant, []).append(result)
            self._variants.summarize(self._experiment(study), groups)

    def reconcile(self, study: str) -> int:
        """Clear up after killed writers; returns how many incomplete runs were deleted.

        Their results are in the spool still, or were never saved. No run is left in state RUNNING, except where
        other machines may be writing it this minute.
        """
        with self._gate.writing():
            experiment = self._experiment(study)
            deleted = self._children.reconcile(experiment)
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

    def tag_verdicts(self, study: str, verdicts: Mapping[str, str]) -> None:
        """Put what a report says of each variant, by its name, beside its summary: a column of MLflow's table."""
        recorded, _ = self._read_study(study)
        with self._gate.writing():
            experiment = self._experiment(study)
            for variant in recorded.variants:
                if text := verdicts.get(variant.name):
                    run_id = self._variants.parent(experiment, variant)
                    self._runs.log(run_id, tags={rows.VERDICT: text[: rows.TAG]})

    # --- searches ---

    def write_trials(self, search: SearchRecord, trials: Sequence[TrialRecord]) -> str:
        """Record the trials of a search that are not recorded yet; returns the run id of its parent."""
        with self._gate.writing():
            return self._searches.write(search, trials)

    def end_search(self, search: SearchRecord, best: TrialRecord | None, page: Path) -> None:
        """Record that a search has ended: its best trial and its report."""
        try:
            content = page.read_bytes()
        except OSError as error:
            raise DataError(f"cannot read the report {page}: {error.strerror}") from error
        with self._gate.writing():
            self._searches.end(search, best, content)

    def search_pages(self) -> dict[str, str]:
        """Where the charts of each search are on MLflow's pages, by its name, to append to a server's address."""
        return {name: f"{page}&{MODEL_TRAINING}" for name, page in self._searches.pages().items()}

    # --- the parts ---

    def _complete(self, study: str | None) -> list[Run]:
        """The complete runs of one study, or of all; none where the study does not exist."""
        if study is None:
            experiments = [item.experiment_id for item in self._runs.experiments()]
        else:
            found = self._runs.find_experiment(study)
            experiments = [] if found is None else [found.experiment_id]
        return self._children.complete(experiments)

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
