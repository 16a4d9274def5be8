"""Searches: a parent run for each, a child for each trial, so that MLflow's charts over parameters work on them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from ablations.config import sha256_of
from ablations.store.mirror import rows
from ablations.store.mirror.artifacts import Files
from ablations.store.mirror.charts import search_view
from ablations.store.mirror.mlflow_runs import COMPLETE, Runs, is_complete
from ablations.store.mirror.rows import Point
from ablations.store.mirror.variant_runs import PARENT
from ablations.store.search_record import SearchRecord, State, TrialRecord

if TYPE_CHECKING:
    from mlflow.entities import Run


_VIEW = "mlflow.sharedViewState.{}"
_ENDS: Mapping[State, str] = {"finished": "FINISHED", "pruned": "KILLED", "diverged": "FAILED", "failed": "FAILED"}


class Searches:
    """The searches of one archive. Callers hold the mirror's lock while they write."""

    def __init__(self, runs: Runs, files: Files) -> None:
        self._runs = runs
        self._files = files
        self._written: dict[str, set[int]] = {}

    def write(self, search: SearchRecord, trials: Sequence[TrialRecord]) -> str:
        """Record trials that are not recorded yet, in their order; returns the run id of the parent."""
        experiment = self._runs.experiment(search.experiment, kind="search")
        parent = self._parent(experiment, search)
        self._forget_others(experiment, parent, search)
        written = self._written_of(experiment, parent)
        for trial in sorted(trials, key=lambda item: item.number):
            if trial.number not in written:
                self._write(experiment, parent, search, trial)
                written.add(trial.number)
        return parent

    def end(self, search: SearchRecord, best: TrialRecord | None, page: bytes) -> None:
        """Close a search's run, with the best trial and the report; once, however often it is asked for."""
        experiment = self._runs.experiment(search.experiment, kind="search")
        parent = self._parent(experiment, search)
        known = self._runs.get(parent).data.tags
        state = sha256_of([None if best is None else asdict(best), hashlib.sha256(page).hexdigest()])
        if known.get("ended") == state:
            return
        self._show(experiment, parent, search)  # again: an earlier version may have begun the search
        if best is not None and known.get("best_trial") != str(best.number):
            tags = {f"best.{key}": rows.text(value) for key, value in best.params.items()}
            self._runs.log(parent, points=self._points(search, best), tags={"best_trial": str(best.number), **tags})
        self._files.put(self._runs.get(parent), "report.html", page)
        self._runs.end(parent, "FINISHED")
        self._runs.log(parent, tags={"status": "finished", "ended": state})

    def _parent(self, experiment: str, search: SearchRecord) -> str:
        found = self._runs.search([experiment], kind="search", search=search.name, identity=search.identity)
        if found:
            return str(found[0].info.run_id)
        tags = {"kind": "search", "search": search.name, "identity": search.identity, "status": "running"}
        run_id = str(self._runs.create(experiment, search.name, tags).info.run_id)
        self._runs.log(run_id, params={_key(key): rows.text(value) for key, value in search.settings.items()})
        self._show(experiment, run_id, search)
        return run_id

    def _forget_others(self, experiment: str, parent: str, search: SearchRecord) -> None:
        """A search that was begun again takes the place of the one before it, as it does in the archive."""
        if parent in self._written:
            return
        for other in self._runs.search([experiment], kind="search", search=search.name):
            if other.info.run_id != parent:
                for trial in self._runs.search([experiment], kind="trial", **{PARENT: other.info.run_id}):
                    self._runs.delete(trial)
                self._runs.delete(other)

    def _show(self, experiment: str, parent: str, search: SearchRecord) -> None:
        view = search_view(parent, search.hyperparameters, search.metric)
        self._runs.tag_experiment(experiment, {**_view(), _VIEW.format(parent): view})

    def _written_of(self, experiment: str, parent: str) -> set[int]:
        """The numbers of the trials that are recorded whole; what a killed writer left half is deleted."""
        if parent not in self._written:
            whole: set[int] = set()
            for run in self._runs.search([experiment], kind="trial", **{PARENT: parent}):
                number = int(run.data.tags["trial"])
                if is_complete(run) and number not in whole:
                    whole.add(number)
                else:
                    self._runs.delete(run)
            self._written[parent] = whole
        return self._written[parent]

    def _write(self, experiment: str, parent: str, search: SearchRecord, trial: TrialRecord) -> None:
        tags = {"kind": "trial", "trial": str(trial.number), "status": trial.state, PARENT: parent}
        if trial.reason:
            tags |= {"reason": trial.reason[:4000], "mlflow.note.content": f"**{trial.state}**: {trial.reason[:4000]}"}
        run: Run = self._runs.create(experiment, f"{search.name} trial {trial.number}", tags)
        params = {key: rows.text(value) for key, value in trial.params.items()}
        self._runs.end(run.info.run_id, _ENDS[trial.state])
        self._runs.log(run.info.run_id, points=self._points(search, trial), params=params, tags=COMPLETE)

    def _points(self, search: SearchRecord, trial: TrialRecord) -> list[Point]:
        last = trial.curve[-1][0] if trial.curve else 0
        points = [Point(rows.score_name(search.metric), value, step) for step, value in trial.curve]
        points += [Point(name, value, last) for name, value in trial.facts.items()]
        if trial.value is not None:
            points.append(Point("value", trial.value, last))
        return [point for point in points if math.isfinite(point.value)]


def pages(runs: Runs) -> dict[str, str]:
    """The charts of each search on MLflow's pages, by its name; the latest where there are several."""
    experiments = {item.experiment_id: item.tags for item in runs.experiments()}
    searches = [number for number, tags in experiments.items() if tags.get("kind") == "search"]
    return {
        run.data.tags["search"]: (
            f"/#/experiments/{run.info.experiment_id}/runs?viewStateShareKey={run.info.run_id}&compareRunsMode=CHART"
        )
        for run in runs.search(searches, kind="search")
        if _VIEW.format(run.info.run_id) in experiments[run.info.experiment_id]
    }


def _key(text: str) -> str:
    """A key that MLflow takes."""
    return "".join(letter if letter.isalnum() or letter in "_.- /" else " " for letter in text)[:250]


def _view() -> Mapping[str, str]:
    """Tags of the experiment that MLflow's pages read: which columns its table shows."""
    columns = ["attributes.`Created`", "tags.`status`", "metrics.`value`", "metrics.`charged_steps`"]
    return {
        "mlflow.experimentKind": "custom_model_development",
        _VIEW.format(rows.VIEW_KEY): json.dumps({"selectedColumns": columns}),
    }
