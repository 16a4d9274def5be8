"""The mirror: an archive's studies and searches in MLflow, for people to look at. Writing it twice writes it once.

A run of the mirror is complete when its tag `complete` says so, which is the last thing written. Everything without it
is the trace of a killed writer and is deleted by the next pass. What the archive no longer has under a study goes too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ablations.config import Study, Variant, sha256_of
from ablations.config.errors import StoreError, unknown
from ablations.store import run_folder
from ablations.store.archive import Archive, Member
from ablations.store.mirror import rows
from ablations.store.mirror.artifacts import Files
from ablations.store.mirror.guarded_calls import Gate
from ablations.store.mirror.location import locate
from ablations.store.mirror.mlflow_runs import COMPLETE, Runs, is_complete
from ablations.store.mirror.searches import Searches
from ablations.store.mirror.server import MODEL_TRAINING
from ablations.store.mirror.variant_runs import PARENT, Variants
from ablations.store.result import Result, Status
from ablations.store.search_record import SearchRecord, TrialRecord

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

REPORT, VERDICTS = "report.html", "verdicts.json"
"""Files beside a study in the archive which the mirror shows."""
_STATE = "mirrored"
"""Tag of an experiment: the digest of everything of the study that the mirror has."""
_ENDS: Mapping[Status, str] = {
    "finished": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "pruned": "KILLED",
    "timed_out": "KILLED",
    "interrupted": "KILLED",
}


def default_mirror(archive: Archive) -> str:
    """Where an archive's mirror is, unless one is named: MLflow on sqlite in the same folder."""
    return str(archive.root)


class Mirror:
    """Open with `Mirror.open`. Every method raises `StoreError` where MLflow cannot be reached, read or written."""

    def __init__(self, gate: Gate, client: MlflowClient) -> None:
        self._gate = gate
        self._files = Files(gate, client)
        self._runs = Runs(gate, client)
        self._variants = Variants(self._runs)
        self._searches = Searches(self._runs, self._files)

    @classmethod
    def open(cls, location: str | Path, artifacts: str | Path | None = None) -> Self:
        """A folder, for MLflow on sqlite inside it, or a tracking URI; `artifacts` is needed only for databases other
        than sqlite.
        """
        gate = Gate(locate(location, artifacts))
        return cls(gate, gate.open())

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self._gate.location.uri

    def sync(self, archive: Archive) -> int:
        """Write whatever of the archive the mirror lacks; returns how many runs were written."""
        for tree in archive.searches():
            self.write_search(tree)
        return sum(self.sync_study(archive, name) for name in archive.studies())

    def sync_study(self, archive: Archive, name: str, *, summarize: bool = True) -> int:
        """Write the runs of one study that the mirror lacks; returns how many those were.

        `summarize=False` leaves the variants' summaries, the report and what has to go to a later pass.
        """
        study = archive.study(name)
        contents = {item.key: content for item in archive.members(name) if (content := _content(archive, item.key))}
        state = sha256_of([study.as_dict(), contents, *map(_digest, _attachments(archive, name))])
        with self._gate.writing():
            experiment = self._runs.experiment(name)
            if self._runs.tags_of(experiment).get(_STATE) == state:
                return 0
            self._begin(experiment, study)
            written = self._write_children(experiment, archive, name, contents)
            if summarize:
                self._finish(experiment, archive, name)
                self._runs.tag_experiment(experiment, {_STATE: state})
        return written

    def page(self, study: str) -> str:
        """Where a study is on MLflow's pages, to append to a server's address: the table with its summary columns."""
        return f"/#/experiments/{self._experiment(study)}/runs?viewStateShareKey={rows.VIEW_KEY}&{MODEL_TRAINING}"

    def studies(self) -> tuple[str, ...]:
        """The names of the studies that the mirror shows, in alphabetical order."""
        return tuple(sorted(item.name for item in self._runs.experiments() if item.tags.get("kind") == "study"))

    def write_search(self, tree: Mapping[str, Any]) -> None:
        """Write a search as the archive keeps it: the trials that are missing and, where it has ended, its report."""
        search = SearchRecord(**tree["search"])
        trials = [
            TrialRecord(**{**item, "curve": [tuple(point) for point in item["curve"]]}) for item in tree["trials"]
        ]
        with self._gate.writing():
            self._searches.write(search, trials)
            if tree["report"] is not None:
                best = next((trial for trial in trials if trial.number == tree["best"]), None)
                self._searches.end(search, best, tree["report"].encode())

    def search_pages(self) -> dict[str, str]:
        """Where the charts of each search are on MLflow's pages, by its name, to append to a server's address."""
        return {name: f"{page}&{MODEL_TRAINING}" for name, page in self._searches.pages().items()}

    # --- the parts ---

    def _begin(self, experiment: str, study: Study) -> None:
        """The experiment's description and the variants' runs, in the study's order."""
        tags = {"kind": "study", "title": study.title, "mlflow.note.content": rows.study_note(study)}
        self._runs.tag_experiment(experiment, {**tags, **rows.VIEW})
        start = time.time()
        for index, variant in enumerate(study.variants):
            # MLflow's table shows the latest first: so it has the study's order.
            self._variants.parent(experiment, variant, start=start - 0.01 * index)

    def _write_children(self, experiment: str, archive: Archive, name: str, contents: Mapping[str, str]) -> int:
        """The runs of single seeds that are missing or have changed; what is incomplete or doubled goes."""
        present: set[str] = set()
        for run in self._runs.search([experiment], kind="seed"):
            key, content = run.data.tags["run_key"], run.data.tags.get("content_sha256")
            if is_complete(run) and key not in present and contents.get(key) == content:
                present.add(key)
            elif key in contents or not is_complete(run):
                self._runs.delete(run)
        variants = {variant.name: variant for variant in archive.study(name).variants}
        missing = [item for item in archive.members(name) if item.key in contents.keys() - present]
        for member in missing:
            self._write_child(experiment, archive, member, variants[member.variant], contents[member.key])
        return len(missing)

    def _write_child(self, experiment: str, archive: Archive, member: Member, variant: Variant, content: str) -> None:
        result = archive.get(member.key, weights=False)
        head = run_folder.read_head(archive.folder(member.key))
        tags = rows.run_tags(result, variant, head["digests"]) | {
            PARENT: self._variants.parent(experiment, variant),
            "content_sha256": content,
        }
        start = time.time() - result.train_seconds - result.evaluation_seconds
        run = self._runs.create(experiment, f"{variant.name} seed {result.run.seed}", tags, start=start)
        self._runs.log_dataset(run.info.run_id, result.run.dataset, result.run.data_digest)
        self._runs.log_samples(run.info.run_id, result.samples)
        self._runs.end(run.info.run_id, _ENDS[result.status])
        params = rows.run_params(result, variant)
        self._runs.log(run.info.run_id, points=rows.run_points(result), params=params, tags=COMPLETE)

    def _finish(self, experiment: str, archive: Archive, name: str) -> None:
        """Summaries of the variants, the report with its verdicts; what the study no longer has is deleted."""
        keys = {item.key for item in archive.members(name)}
        for run in self._runs.search([experiment], kind="seed"):
            if run.data.tags["run_key"] not in keys:
                self._runs.delete(run)
        stored = archive.read(name)
        groups: dict[Variant, list[Result]] = {variant: [] for variant in stored.study.variants}
        for result in stored.results:
            groups[result.run.variant].append(result)
        self._variants.summarize(experiment, groups)
        report, verdicts = _attachments(archive, name)
        if report is not None:
            found = self._runs.search([experiment], kind="study")
            holder: Run = found[0] if found else self._runs.create(experiment, "report", {"kind": "study"})
            self._files.put(holder, REPORT, report)
            self._runs.end(holder.info.run_id, "FINISHED")
        for variant_name, text in (json.loads(verdicts) if verdicts else {}).items():
            variant = next((item for item in groups if item.name == variant_name), None)
            if variant is not None:
                run_id = self._variants.parent(experiment, variant)
                self._runs.log(run_id, tags={rows.VERDICT: text[: rows.TAG]})

    def _experiment(self, study: str) -> str:
        experiment = self._runs.find_experiment(study)
        if experiment is None:
            raise StoreError(str(unknown(f"study of the mirror {self._gate.location.name}:", study, self.studies())))
        return str(experiment.experiment_id)


def _attachments(archive: Archive, name: str) -> Sequence[bytes | None]:
    return [archive.attachment(name, file) for file in (REPORT, VERDICTS)]


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _content(archive: Archive, key: str) -> str:
    """Tells one record of a run from another, e.g. two attempts that failed; empty where there is no run."""
    try:
        return hashlib.sha256((archive.folder(key) / run_folder.HEAD).read_bytes()).hexdigest()
    except OSError:
        return ""
