"""Artifacts of MLflow's runs: straight into their folder on this machine, through MLflow's client elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ablations.store.disk import write_whole
from ablations.store.mirror.guarded_calls import Gate

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient


class Files:
    """The artifacts of one store's runs."""

    def __init__(self, gate: Gate, client: MlflowClient) -> None:
        self._gate = gate
        self._client = client

    def folder(self, run: Run) -> Path | None:
        """Where a run's artifacts lie on this machine; None where only MLflow can tell."""
        uri = run.info.artifact_uri
        scheme = urlsplit(uri).scheme
        if scheme == "file":
            path = Path(url2pathname(unquote(urlsplit(uri).path)))
        elif len(scheme) <= 1:  # none, or the letter of a drive
            path = Path(uri)
        else:
            return None
        root = self._gate.location.artifacts
        if not path.exists() and root is not None and "://" not in root:
            # The store's folder was moved or is mounted elsewhere: MLflow still knows the old place.
            moved = Path(root, *path.parts[-3:])
            if moved.exists():
                return moved
        return path

    @contextmanager
    def staging(self, run: Run) -> Iterator[Path]:
        """A folder whose files are the run's artifacts when the block ends."""
        folder = self.folder(run)
        if folder is not None and not self._gate.location.is_server:
            self._gate(lambda: folder.mkdir(parents=True, exist_ok=True))
            yield folder
            return
        with tempfile.TemporaryDirectory(prefix="ablations-") as name:
            yield Path(name)
            self._gate(lambda: self._client.log_artifacts(run.info.run_id, name))

    def put(self, run: Run, name: str, data: bytes) -> None:
        """One artifact, replacing an earlier one of that name all at once."""
        with self.staging(run) as folder:
            self._gate(lambda: write_whole(folder / name, data))
