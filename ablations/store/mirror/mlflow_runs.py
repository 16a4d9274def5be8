"""Experiments and runs as MLflow keeps them: made, searched, filled and deleted. Knows nothing of what they mean."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from ablations.config.errors import StoreError
from ablations.store.mirror.guarded_calls import Gate
from ablations.store.mirror.rows import Point, sample_grid
from ablations.store.result import Array

if TYPE_CHECKING:
    from mlflow.entities import Experiment, Run
    from mlflow.tracking import MlflowClient

BATCH = 1000
"""MLflow's limit for metrics, parameters and tags in one request together."""
BATCH_TEXTS = 100
"""Its limit for parameters, and for tags."""
PAGE = 1000
COMPLETE = {"complete": "true"}
"""The last thing written of a run: without this tag it is the trace of a killed writer."""


class Runs:
    """The experiments of one store, and the runs in it of one archive, or of all where it is not named."""

    def __init__(self, gate: Gate, client: MlflowClient, archive: str = "") -> None:
        self._gate = gate
        self._client = client
        self._owner = {"archive": archive} if archive else {}

    def experiments(self) -> list[Experiment]:
        return list(self._gate(lambda: self._client.search_experiments(max_results=PAGE)))

    def find_experiment(self, name: str) -> Experiment | None:
        """Raises `StoreError` where the experiment lies in MLflow's trash: its name cannot be used again."""
        experiment = self._gate(lambda: self._client.get_experiment_by_name(name))
        if experiment is not None and experiment.lifecycle_stage == "deleted":
            number, uri = experiment.experiment_id, self._gate.location.name
            if self._gate.location.database is not None:
                uri = self._gate.location.uri
            raise StoreError(
                f"the study {name!r} was deleted in the store {self._gate.location.name}; bring it back with "
                f"`MLFLOW_TRACKING_URI={uri} mlflow experiments restore -x {number}`, or remove it for good with "
                f"`mlflow gc --backend-store-uri {uri} --experiment-ids {number}`"
            )
        return experiment

    def experiment(self, name: str, kind: str = "study") -> str:
        """The id of the experiment, which is made where it does not exist."""
        from mlflow.exceptions import MlflowException

        experiment = self.find_experiment(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        root = self._gate.location.artifacts
        # Without a place of its own an experiment keeps its artifacts in the folder the process happens to run in.
        place = None if root is None else f"{root}/{quote(name, safe=' ')[:100]}"

        def create() -> str:
            try:
                return str(self._client.create_experiment(name, artifact_location=place, tags={"kind": kind}))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                other = self._client.get_experiment_by_name(name)  # another machine was faster
                if other is None:
                    raise
                return str(other.experiment_id)

        return self._gate(create)

    def tags_of(self, experiment: str) -> Mapping[str, str]:
        """Of an experiment."""
        return dict(self._gate(lambda: self._client.get_experiment(experiment)).tags)

    def tag_experiment(self, experiment: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._gate(partial(self._client.set_experiment_tag, experiment, key, value))

    def search(self, experiments: Sequence[str], **tags: str) -> list[Run]:
        """Runs with these tags, all pages, the earliest first."""
        if not experiments:
            return []
        wanted = {**tags, **self._owner}
        text = " and ".join(f"tags.`{key}` = '{_quoted(value)}'" for key, value in wanted.items())
        found: list[Run] = []
        token: str | None = None
        while True:
            page = self._gate(
                partial(
                    self._client.search_runs,
                    list(experiments),
                    text,
                    max_results=PAGE,
                    page_token=token,
                    order_by=["attributes.start_time ASC"],
                )
            )
            found += page
            token = page.token
            if not token:
                return found

    def get(self, run_id: str) -> Run:
        return self._gate(lambda: self._client.get_run(run_id))

    def create(self, experiment: str, name: str, tags: Mapping[str, str], *, start: float | None = None) -> Run:
        """A run in state RUNNING since `start` (seconds since 1970); the tag `written_at` says when it was written."""
        start_ms = int(1000 * (time.time() if start is None else start))
        tags = {**tags, **self._owner, "written_at": now()}
        first = dict(list(tags.items())[:BATCH_TEXTS])
        run = self._gate(lambda: self._client.create_run(experiment, start_time=start_ms, tags=first, run_name=name))
        self.log(run.info.run_id, tags=dict(list(tags.items())[BATCH_TEXTS:]))
        return run

    def log(
        self,
        run_id: str,
        *,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """In as few requests as MLflow's limits allow; tags come last, so that one can say that the rest is there."""
        from mlflow.entities import Metric, Param, RunTag

        stamp = int(time.time() * 1000)
        metrics = [Metric(item.name, item.value, stamp, item.step) for item in points]
        texts = [Param(key, value) for key, value in (params or {}).items()]
        marks = [RunTag(key, value) for key, value in (tags or {}).items()]
        while metrics or texts or marks:
            some_texts, texts = texts[:BATCH_TEXTS], texts[BATCH_TEXTS:]
            room = BATCH - len(some_texts)
            some_metrics, metrics = metrics[:room], metrics[room:]
            room = 0 if metrics or texts else min(BATCH_TEXTS, room - len(some_metrics))
            some_marks, marks = marks[:room], marks[room:]
            self._gate(partial(self._client.log_batch, run_id, some_metrics, some_texts, some_marks))

    def log_dataset(self, run_id: str, name: str, digest: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        # MLflow keeps 36 characters of a digest; the tag data_sha256 has it whole.
        dataset = Dataset(name=name, digest=digest[:36], source_type="local", source=name)
        tags = [InputTag("mlflow.data.context", "training")]
        self._gate(lambda: self._client.log_inputs(run_id, datasets=[DatasetInput(dataset, tags)]))

    def log_samples(self, run_id: str, samples: Mapping[int, Array]) -> None:
        """A grid for each step; MLflow shows them with a slider over the steps."""
        for step, images in sorted(samples.items()):
            self._gate(partial(self._client.log_image, run_id, sample_grid(images), key="samples", step=step))

    def end(self, run_id: str, status: str) -> None:
        self._gate(lambda: self._client.set_terminated(run_id, status=status))

    def delete(self, run: Run) -> None:
        """Into MLflow's trash, which `mlflow gc` empties."""
        from mlflow.exceptions import MlflowException

        def delete() -> None:
            try:
                self._client.delete_run(run.info.run_id)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise

        self._gate(delete)


def is_complete(run: Run) -> bool:
    return run.data.tags.get("complete") == COMPLETE["complete"]


def now() -> str:
    """UTC in a form whose text sorts as the time does."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _quoted(value: str) -> str:
    """MLflow's filters cannot quote a quote."""
    if "'" in value or "\\" in value:
        raise StoreError(f"the store cannot look for the name {value!r}: take one without ' and \\")
    return value
