"""What one run leaves behind. No torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from numpy.typing import NDArray

from ablations.config import Run
from ablations.config.digest import digest_of_arrays

Status = Literal["finished", "diverged", "pruned", "failed", "timed_out", "interrupted"]
STATUSES: tuple[Status, ...] = ("finished", "diverged", "pruned", "failed", "timed_out", "interrupted")
DONE: tuple[Status, ...] = ("finished", "diverged", "pruned")
"""Outcomes that training the same run again would repeat. `pruned`: a search ended the trial early."""

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What was measured at one step; networks in eval mode."""

    step: int
    train_seconds: float
    """Training seconds of this seed (the stack's seconds over its width) up to this step."""
    metrics: Mapping[str, float]
    """What D says of real and of drawn images, and the scores that one scorer gave."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one run, with the scores of one scorer."""

    study: str
    """For which it was trained; other studies may share it."""
    run: Run
    status: Status
    reason: str = ""
    last_step: int
    """Iterations done; fewer than the variant's steps where the run did not finish."""
    curves: Mapping[str, Array]
    """One array of shape (last_step,) for each name in `CURVES`."""
    evaluations: tuple[Evaluation, ...]
    scorer: str = ""
    """Identity of the scorer of the evaluations; empty where nothing was scored."""
    noise_floor: float = float("nan")
    """That scorer's primary metric of real training images against the test images."""
    samples: Mapping[int, Array]
    """Step to uint8 images of shape (n, channels, height, width): the same latents at every step. Conditional: row i
    asks for class i mod the number of classes."""
    weights: Mapping[str, Array]
    """Parameters and buffers at the last step, such as "generator.hidden.0.weight"."""
    snapshots: Mapping[int, Mapping[str, Array]] = field(default_factory=dict)
    """G's parameters and buffers at the scored steps, such as "hidden.0.weight": whatever is measured later is measured
    of them."""
    train_seconds: float
    evaluation_seconds: float
    environment: Mapping[str, str]
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What a search noted of the trial; plain data."""

    @property
    def key(self) -> str:
        return self.run.key

    @property
    def is_done(self) -> bool:
        return self.status in DONE

    @property
    def scores(self) -> Mapping[str, float]:
        """The metrics of the last evaluation; empty if there was none."""
        return self.evaluations[-1].metrics if self.evaluations else {}

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of the weights, of the curves, of the scores."""
        scores = {str(item.step): dict(item.metrics) for item in self.evaluations}
        return {
            "weights_sha256": digest_of_arrays(self.weights),
            "curves_sha256": digest_of_arrays(self.curves),
            "scores_sha256": hashlib.sha256(json.dumps(scores, sort_keys=True).encode()).hexdigest(),
        }
