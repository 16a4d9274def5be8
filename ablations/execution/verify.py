"""Train a stored run again, in the same slot of a stack of the same width, and compare it to the bit."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from ablations.catalog.metrics import primary
from ablations.catalog.quantities import CURVES
from ablations.config import Run
from ablations.config.errors import DataError, StoreError, UserError
from ablations.config.own_use import missing
from ablations.data.splits import load_split
from ablations.execution.environment import environment
from ablations.execution.events import Event
from ablations.execution.job import GroupJob
from ablations.scoring.identity import scorer_identity
from ablations.scoring.panel import panel_of
from ablations.store.archive import Archive
from ablations.store.records import NO_WEIGHTS
from ablations.store.result import Array, Result
from ablations.training.numerics import NUMERICS

_IDENTITY = {"data": "data_digest", "numerics": "numerics"}
_FACTS = (
    "cpu",
    "cpu_capability",
    "gpu",
    "version.torch",
    "version.numpy",
    "version.scipy",
    "threads",
    "device",
    "python",
)
"""Facts of the environment that can change bits."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What came of training a run again."""

    label: str
    first_difference: str | None
    """Where the two runs part, such as "d_loss_real at step 17"; None where they are identical."""
    facts: Mapping[str, tuple[str, str]]
    """Facts that differ between then and now, which would explain a difference."""
    deviations: Mapping[str, float]
    """The largest relative difference of the weights, of each curve and of each score."""
    score: float
    """The primary score of the run as it was trained now; NaN where it has none."""

    @property
    def identical(self) -> bool:
        return self.first_difference is None

    def within(self, tolerance: float) -> bool:
        """Whether nothing differs by more than `tolerance`, relatively; a value that is missing or not finite
        differs.
        """
        return self.identical or all(value <= tolerance for value in self.deviations.values())


def verify(
    stored: Result, *, data_folder: Path | None = None, emit: Callable[[Event], None] = lambda event: None
) -> Verification:
    """Repeat the run of a stored result, which must have been read with its weights.

    Raises:
        StoreError: the run did not finish or diverge, so there is nothing to compare with.
        DataError: the dataset is not the one that it was trained on.
        UserError: it could not be trained again.
    """
    if stored.status not in ("finished", "diverged"):
        raise StoreError(f"{label_of(stored)} is {stored.status}: only finished and diverged runs can be verified")
    if not stored.weights:
        raise StoreError(
            f"{label_of(stored)} is {NO_WEIGHTS}; `ablations verify --published` holds such runs against this machine"
        )
    if reason := missing([*stored.run.variant.own_parts, *filter(None, [stored.run.own_data])]):
        raise StoreError(f"{label_of(stored)} cannot be trained again: {reason}")
    now = _run_of_today(stored.run, data_folder)
    if now.data_digest != stored.run.data_digest:
        raise DataError(
            f"{label_of(stored)} was trained on data with the digest {stored.run.data_digest[:12]}, but "
            f"{now.dataset!r} here has {now.data_digest[:12]}: get the same data, or train the study again"
        )
    with tempfile.TemporaryDirectory(prefix="ablations-verify-") as folder:
        again = _measured_as(stored, _train(stored, now, Path(folder), data_folder, emit))
    return Verification(
        label=label_of(stored),
        first_difference=first_difference(stored, again),
        facts=_differing_facts(stored, now, data_folder),
        deviations=deviations(stored, again),
        score=primary_score(again),
    )


def _measured_as(stored: Result, again: Result) -> Result:
    """Without what is measured today and was not when the run was stored."""
    known = {item.step: item.metrics.keys() for item in stored.evaluations}
    return dataclasses.replace(
        again,
        evaluations=tuple(
            dataclasses.replace(
                item, metrics={k: v for k, v in item.metrics.items() if k in known.get(item.step, item.metrics)}
            )
            for item in again.evaluations
        ),
    )


def primary_score(result: Result) -> float:
    """The score of a result by which verdicts are given; NaN where it has none."""
    return result.scores.get(primary(result.scores), float("nan"))


def prediction_interval(scores: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Where the score of one more seed lies with probability `level`, judging from those of other seeds (Student's t).

    From minus to plus infinity where fewer than two scores are finite.
    """
    finite = np.array([score for score in scores if np.isfinite(score)])
    if len(finite) < 2:
        return float("-inf"), float("inf")
    spread = finite.std(ddof=1) * np.sqrt(1 + 1 / len(finite))

    reach = stats.t.ppf((1 + level) / 2, len(finite) - 1) * spread
    return float(finite.mean() - reach), float(finite.mean() + reach)


def label_of(result: Result) -> str:
    return f"{result.run.variant.name} seed {result.run.seed} of study {result.study}"


def first_difference(ours: Result, theirs: Result) -> str | None:
    """The earliest step and quantity in which two results differ; None where all their digests are equal."""
    if ours.digests == theirs.digests and (ours.status, ours.last_step) == (theirs.status, theirs.last_step):
        return None
    steps = min(ours.last_step, theirs.last_step)
    stacked = [np.stack([result.curves[name][:steps] for name in CURVES], 1) for result in (ours, theirs)]
    unequal = (stacked[0] != stacked[1]) & ~(np.isnan(stacked[0]) & np.isnan(stacked[1]))
    if unequal.any():
        step, quantity = np.argwhere(unequal)[0]
        return f"{CURVES[quantity]} at step {step + 1}"
    if ours.last_step != theirs.last_step:
        return f"the length: {ours.last_step} steps then, {theirs.last_step} now"
    for then, now in zip(ours.evaluations, theirs.evaluations, strict=False):
        for name in then.metrics:
            if not _same(then.metrics[name], now.metrics.get(name, float("inf"))):
                return f"{name} at the evaluation of step {then.step}"
    for name in ours.weights:
        if name not in theirs.weights or not np.array_equal(ours.weights[name], theirs.weights[name], equal_nan=True):
            return f"{name} after step {ours.last_step}"
    return "the record of the run (its status or the names of its quantities)"


def deviations(ours: Result, theirs: Result) -> dict[str, float]:
    """The largest relative difference of each curve, each score and all weights; infinite where they do not match."""
    found = {name: _deviation(ours.curves[name], theirs.curves[name]) for name in CURVES}
    for name, value in ours.scores.items():
        found[name] = _deviation(np.array([value]), np.array([theirs.scores.get(name, np.inf)]))
    found["weights"] = max(
        (_deviation(values, theirs.weights.get(name, np.array(np.inf))) for name, values in ours.weights.items()),
        default=0.0,
    )
    return found


def _deviation(ours: Array, theirs: Array) -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    if np.array_equal(ours, theirs, equal_nan=True):
        return 0.0
    scale = max(np.abs(ours).max(), np.abs(theirs).max())
    largest = float(np.abs(ours - theirs).max())
    return largest / float(scale) if np.isfinite(largest) else float("inf")


def _same(ours: float, theirs: float) -> bool:
    return ours == theirs or (ours != ours and theirs != theirs)


def _run_of_today(run: Run, data_folder: Path | None) -> Run:
    """The run with the data's digest and the number of the numerics that are here now."""
    return dataclasses.replace(run, data_digest=load_split(run.dataset, run.split, data_folder)[1], numerics=NUMERICS)


def _train(stored: Result, now: Run, folder: Path, data_folder: Path | None, emit: Callable[[Event], None]) -> Result:
    first = now.seed - now.slot
    runs = tuple(dataclasses.replace(now, seed=first + slot, slot=slot) for slot in range(now.width))
    job = GroupJob(
        name=label_of(stored),
        study=stored.study,
        runs=runs,
        wanted=(now.slot,),
        steps=tuple(sorted({*(item.step for item in stored.evaluations), now.variant.steps})),
        archive=folder,
        checkpoint_root=folder / "checkpoints",
        data_folder=data_folder,
    )
    job.run(emit, lambda: None)
    return trained_again(Archive(folder), now.key, label_of(stored))


def trained_again(archive: Archive, key: str, label: str) -> Result:
    """Raises `UserError` where its training failed: that is no difference, and says nothing of bits."""
    result = archive.get(key)
    if result.status == "failed":
        raise UserError(f"{label} could not be trained again: {result.reason}")
    return result


def _differing_facts(stored: Result, now: Run, data_folder: Path | None) -> dict[str, tuple[str, str]]:
    here: dict[str, Any] = environment(now.engine.device)
    pairs = {
        name: (str(getattr(stored.run, field))[:12], str(getattr(now, field))[:12]) for name, field in _IDENTITY.items()
    }
    pairs["scorer"] = (stored.scorer, scorer_identity(panel_of(now.dataset, data_folder)))
    pairs |= {name: (stored.environment.get(name, "none"), here.get(name, "none")) for name in _FACTS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
