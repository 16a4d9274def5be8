"""What one run leaves behind, and its form on disk: `result.json`, `curves.safetensors`, `weights.safetensors`. No
torch.

A worker saves a result into the spool; the writer takes it from there into the store, where the same files are the
run's artifacts. So a stored run can be read back whole.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ablations.config import Engine, Run, Variant
from ablations.config.digest import digest_of_arrays
from ablations.config.errors import DataError
from ablations.store.disk import file_digest, whole_folder

Status = Literal["finished", "diverged", "failed", "timed_out", "interrupted"]
STATUSES: tuple[Status, ...] = ("finished", "diverged", "failed", "timed_out", "interrupted")

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The scores of one evaluation; networks in eval mode."""

    step: int
    train_seconds: float
    """Training seconds of this seed (the stack's seconds over its width) up to this step."""
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one run."""

    study: str
    run: Run
    status: Status
    reason: str = ""
    last_step: int
    """Iterations done; fewer than the variant's steps where the run did not finish."""
    curves: Mapping[str, Array]
    """One array of shape (last_step,) for each name in `CURVES`."""
    evaluations: tuple[Evaluation, ...]
    samples: Mapping[int, Array]
    """Step to uint8 images of shape (n, channels, height, width): the same latents at every step. Conditional: row i
    asks for class i mod the number of classes."""
    weights: Mapping[str, Array]
    """Parameters and buffers at the last step, such as "generator.hidden.0.weight"."""
    train_seconds: float
    evaluation_seconds: float
    environment: Mapping[str, str]

    @property
    def key(self) -> str:
        return self.run.key

    @property
    def scores(self) -> Mapping[str, float]:
        """The metrics of the last evaluation; empty if there was none."""
        return self.evaluations[-1].metrics if self.evaluations else {}

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of the weights, of the curves, of the scores."""
        scores = {str(item.step): dict(item.metrics) for item in self.evaluations}
        return {
            "weights_sha256": digest_of_arrays(self.weights),
            "curves_sha256": digest_of_arrays(self.curves),
            "scores_sha256": hashlib.sha256(json.dumps(scores, sort_keys=True).encode()).hexdigest(),
        }

    def save(self, folder: Path) -> None:
        """Write the result as `folder`, all or nothing. A `folder` that exists is replaced."""
        try:
            with whole_folder(folder) as part:
                arrays = {f"curves.{name}": values for name, values in self.curves.items()}
                arrays |= {f"samples.{step}": images for step, images in self.samples.items()}
                save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, part / "curves.safetensors")
                save_file({k: np.ascontiguousarray(v) for k, v in self.weights.items()}, part / "weights.safetensors")
                (part / "result.json").write_text(json.dumps(self._head(part), indent=1))
        except (OSError, SafetensorError) as error:
            raise DataError(f"cannot write the result {folder}: {error}; make room or move --store") from error

    def _head(self, part: Path) -> dict[str, Any]:
        return {
            "study": self.study,
            "run": dataclasses.asdict(self.run),
            "key": self.key,
            "status": self.status,
            "reason": self.reason,
            "last_step": self.last_step,
            "evaluations": [dataclasses.asdict(item) for item in self.evaluations],
            "train_seconds": self.train_seconds,
            "evaluation_seconds": self.evaluation_seconds,
            "environment": dict(self.environment),
            "digests": self.digests,
            "files": {name: file_digest(part / name) for name in ("curves.safetensors", "weights.safetensors")},
        }


def load_result(folder: Path, *, weights: bool = True) -> Result:
    """Read a saved result and check it. `weights=False` leaves the weights out (they are most of the bytes).

    Raises:
        DataError: a file that is missing, truncated or altered.
    """
    try:
        head = json.loads((folder / "result.json").read_text())
        arrays = _read(folder, "curves.safetensors", head)
        tensors = _read(folder, "weights.safetensors", head) if weights else {}
        run = dict(head["run"])
        run["variant"] = Variant.from_dict(run["variant"])
        run["engine"] = Engine(**run["engine"])
        return Result(
            study=head["study"],
            run=Run(**run),
            status=head["status"],
            reason=head["reason"],
            last_step=head["last_step"],
            curves={k.removeprefix("curves."): v for k, v in arrays.items() if k.startswith("curves.")},
            evaluations=tuple(Evaluation(**item) for item in head["evaluations"]),
            samples={int(k.removeprefix("samples.")): v for k, v in arrays.items() if k.startswith("samples.")},
            weights=tensors,
            train_seconds=head["train_seconds"],
            evaluation_seconds=head["evaluation_seconds"],
            environment=head["environment"],
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(f"not a readable result: {folder} ({type(error).__name__}: {error})") from error


def _read(folder: Path, name: str, head: Mapping[str, Any]) -> dict[str, Array]:
    if file_digest(folder / name) != head["files"][name]:
        raise ValueError(f"{name} does not have the SHA-256 that result.json states")
    return load_file(folder / name)
