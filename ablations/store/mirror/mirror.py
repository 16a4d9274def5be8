"""The mirror: an archive's studies and searches in MLflow, for people to look at. Writing it twice writes it once.

Several archives may share a mirror, also with studies of one name: each run says whose it is, and an archive touches
its own only. A run of the mirror is complete when its tag `complete` says so, which is the last thing written.
Everything without it is the trace of a killed writer and is deleted by the next pass. What the archive no longer has
under a study goes too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ablations.catalog.metrics import primary
from ablations.config import Study, Variant, sha256_of
from ablations.config.errors import DataError, StoreError, unknown
from ablations.store import run_folder
from ablations.store.archive import Archive
from ablations.store.mirror import rows
from ablations.store.mirror.artifacts import Files
from ablations.store.mirror.guarded_calls import Gate
from ablations.store.mirror.location import locate
from ablations.store.mirror.mlflow_runs import COMPLETE, Runs, is_complete
from ablations.store.mirror.searches import Searches, pages
from ablations.store.mirror.server import MODEL_TRAINING
from ablations.store.mirror.variant_runs import PARENT, Parents, Variants
from ablations.store.result import Result, Status
from ablations.store.search_record import SearchRecord, TrialRecord
from ablations.store.stored_study import Member

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

REPORT, VERDICTS = "report.html", "verdicts.json"
"""Files beside a study in the archive which the mirror shows."""
_STATE = "mirrored{}"
"""Tag of an experiment, one for each archive: the digest of everything of the study that the mirror has."""
_ENDS: Mapping[Status, str] = {
    "finished": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "pruned": "KILLED",
    "timed_out": "KILLED",
    "interrupted": "KILLED",
}


class Mirror:
    """Open with `Mirror.open`. Every method raises `StoreError` where MLflow cannot be reached, read or written."""

    def __init__(self, gate: Gate, client: MlflowClient) -> None:
        self._gate = gate
        self._client = client
        self._files = Files(gate, client)
        self._runs = Runs(gate, client)
        self._shelves: dict[str, _Shelf] = {}

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
            self.write_search(archive, tree)
        return sum(self.sync_study(archive, name) for name in archive.studies())

    def sync_study(self, archive: Archive, name: str, *, summarize: bool = True) -> int:
        """Write the runs of one study that the mirror lacks; returns how many those were.

        `summarize=False` leaves the variants' summaries, the report and what has to go to a later pass.
        """
        study, scorer = archive.study(name), archive.scorer(name)
        found = {item: run_folder.fingerprint(archive.folder(item.key), scorer) for item in archive.members(name)}
        contents = {item: content for item, content in found.items() if content}
        files = map(_digest, _attachments(archive, name))
        listed = [[item.variant, item.key, content] for item, content in contents.items()]
        state = sha256_of([study.as_dict(), scorer, listed, *files])
        with self._gate.writing():
            experiment = self._runs.experiment(name)
            shelf = self._shelf(archive)
            if self._runs.tags_of(experiment).get(shelf.state) == state:
                return 0
            parents = shelf.begin(experiment, study, contents)
            written = shelf.write_children(experiment, archive, study, parents)
            if summarize:
                shelf.finish(experiment, archive, name, parents)
                self._runs.tag_experiment(experiment, {shelf.state: state})
        return written

    def page(self, study: str) -> str:
        """Where a study is on MLflow's pages, to append to a server's address: the table with its summary columns."""
        return f"/#/experiments/{self._experiment(study)}/runs?viewStateShareKey={rows.VIEW_KEY}&{MODEL_TRAINING}"

    def studies(self) -> tuple[str, ...]:
        """The names of the studies that the mirror shows, in alphabetical order."""
        return tuple(sorted(item.name for item in self._runs.experiments() if item.tags.get("kind") == "study"))

    def write_search(self, archive: Archive, tree: Mapping[str, Any]) -> None:
        """Write a search as the archive keeps it: the trials that are missing and, where it has ended, its report."""
        searches = self._shelf(archive).searches
        search = SearchRecord(**tree["search"])
        trials = [
            TrialRecord(**{**item, "curve": [tuple(point) for point in item["curve"]]}) for item in tree["trials"]
        ]
        with self._gate.writing():
            searches.write(search, trials)
            if tree["report"] is not None:
                best = next((trial for trial in trials if trial.number == tree["best"]), None)
                searches.end(search, best, tree["report"].encode())

    def search_pages(self) -> dict[str, str]:
        """Where the charts of each search are on MLflow's pages, by its name, to append to a server's address."""
        return {name: f"{page}&{MODEL_TRAINING}" for name, page in pages(self._runs).items()}

    # --- the parts ---

    def _shelf(self, archive: Archive) -> _Shelf:
        owner = archive.identity
        if owner not in self._shelves:
            runs = Runs(self._gate, self._client, owner)
            self._shelves[owner] = _Shelf(runs, self._files, _STATE.format(f".{owner}" if owner else ""))
        return self._shelves[owner]

    def _experiment(self, study: str) -> str:
        experiment = self._runs.find_experiment(study)
        if experiment is None:
            raise StoreError(str(unknown(f"study of the mirror {self._gate.location.name}:", study, self.studies())))
        return str(experiment.experiment_id)


class _Shelf:
    """What a mirror has of one archive."""

    def __init__(self, runs: Runs, files: Files, state: str) -> None:
        self._runs = runs
        self._files = files
        self._variants = Variants(runs)
        self.searches = Searches(runs, files)
        self.state = state

    def begin(self, experiment: str, study: Study, contents: Mapping[Member, str]) -> Parents:
        """The experiment's description and the variants' runs, in the study's order."""
        tags = {"kind": "study", "title": study.title, "mlflow.note.content": rows.study_note(study)}
        known = self._runs.tags_of(experiment)
        view = {key: text for key, text in rows.view(primary()).items() if key not in known}
        self._runs.tag_experiment(experiment, {self.state: "", **tags, **view})
        return self._variants.begin(experiment, study.variants, contents)

    def write_children(self, experiment: str, archive: Archive, study: Study, parents: Parents) -> int:
        """The runs of single seeds that are missing or have changed; what is incomplete or doubled goes."""
        wanted = {_name_of(item): content for item, content in parents.wanted.items()}
        present: set[tuple[str, str]] = set()
        for run in self._variants.children(experiment, parents.outdated):
            name, content = _name_in(run), run.data.tags.get("content_sha256")
            if is_complete(run) and name not in present and wanted.get(name) == content:
                present.add(name)
            elif name in wanted or not is_complete(run):
                self._runs.delete(run)
        scorer, written = archive.scorer(study.name), 0
        for member, content in parents.wanted.items():
            if _name_of(member) in present:
                continue
            try:
                result = archive.get(member.key, scorer=scorer, weights=False)
                digests = run_folder.readable_head(archive.folder(member.key))["digests"]
            except DataError:
                continue  # the study's report names what cannot be read
            self._write_child(experiment, result, study.variant(member.variant), digests, content)
            written += 1
        return written

    def _write_child(
        self, experiment: str, result: Result, variant: Variant, digests: Mapping[str, str], content: str
    ) -> None:
        digests = {**digests, "scores_sha256": result.digests["scores_sha256"]}
        tags = rows.run_tags(result, variant, digests) | {
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

    def finish(self, experiment: str, archive: Archive, name: str, parents: Parents) -> None:
        """Summaries of the variants, the report with its verdicts; what the archive no longer has is deleted."""
        known, children = {_name_of(item) for item in parents.wanted}, []
        for run in self._variants.children(experiment, parents.outdated):
            if _name_in(run) in known:
                children.append(run)
            else:
                self._runs.delete(run)
        stored = archive.read(name, only=parents.outdated)
        groups: dict[Variant, list[Result]] = {
            variant: [] for variant in stored.study.variants if variant.name in parents.outdated
        }
        for result in stored.results:
            groups[result.run.variant].append(result)
        self._variants.summarize(experiment, groups, children, parents)
        names = {name: None for result in stored.results for name in result.scores}
        self._runs.tag_experiment(experiment, rows.view(primary([*names, *parents.summarized])))
        report, verdicts = _attachments(archive, name)
        if report is not None:
            found = self._runs.search([experiment], kind="study")
            holder: Run = found[0] if found else self._runs.create(experiment, "report", {"kind": "study"})
            self._files.put(holder, REPORT, report)
            self._runs.end(holder.info.run_id, "FINISHED")
        for variant_name, text in (json.loads(verdicts) if verdicts else {}).items():
            variant = next((item for item in stored.study.variants if item.name == variant_name), None)
            if variant is not None:
                run_id = self._variants.parent(experiment, variant)
                self._runs.log(run_id, tags={rows.VERDICT: text[: rows.TAG]})


def _attachments(archive: Archive, name: str) -> Sequence[bytes | None]:
    return [archive.attachment(name, file) for file in (REPORT, VERDICTS)]


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _name_of(member: Member) -> tuple[str, str]:
    """Two variants of a study may stand for the same training, so a key alone does not tell its runs apart."""
    return member.variant, member.key


def _name_in(run: Run) -> tuple[str, str]:
    return run.data.tags["variant"], run.data.tags["run_key"]
