"""Train published runs again, without a store, and hold their bits against what was published."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.catalog import STUDIES
from ablations.catalog.published_bits import PublishedRun, curve_digests, first_difference, short
from ablations.config import Engine, Run
from ablations.config.overrides import build
from ablations.config.study import without_operands
from ablations.data.splits import load_split
from ablations.execution import plan_facts
from ablations.execution.events import Event
from ablations.execution.job import GroupJob
from ablations.execution.stacks import Conditions
from ablations.execution.verify import trained_again
from ablations.store.archive import Archive
from ablations.training.numerics import NUMERICS


@dataclass(frozen=True, kw_only=True)
class PublishedVerification:
    """What came of training a published run again."""

    label: str
    identical: bool
    difference: str
    """Where the two part; empty where they do not, or where nothing could be trained."""
    facts: Mapping[str, tuple[str, str]]
    """What differs between the published run and this code, data and engine; with any of these no bit need agree."""


def verify_published(
    row: PublishedRun, data_folder: Path | None = None, emit: Callable[[Event], None] = lambda event: None
) -> PublishedVerification:
    """Train the run of a row in the same slot of a stack of the same width.

    Raises:
        ConfigError: the study or variant is no longer in the catalog.
        DataError: the dataset cannot be had.
        UserError: the run could not be trained again.
    """
    runs = _stack(row, data_folder)
    if isinstance(runs, PublishedVerification):
        return runs
    with tempfile.TemporaryDirectory(prefix="ablations-published-") as name:
        folder = Path(name)
        job = GroupJob(
            name=row.label,
            study=row.study,
            runs=runs,
            wanted=(row.slot,),
            steps=(row.last_step,),
            archive=folder,
            checkpoint_root=folder / "checkpoints",
            data_folder=data_folder,
            keep="last",
        )
        job.run(emit, lambda: None)
        result = trained_again(Archive(folder), runs[row.slot].key, row.label)
    difference = first_difference(curve_digests(result.curves, result.last_step), row.curves, row.last_step)
    if difference is None and short(result.digests["weights_sha256"]) != row.weights:
        difference = f"the weights after step {row.last_step:,}"
    return PublishedVerification(label=row.label, identical=difference is None, difference=difference or "", facts={})


def seconds_again(row: PublishedRun, data_folder: Path | None = None) -> float:
    """About how long `verify_published` takes on one core; 0 where nothing can be compared. Raises what it does."""
    runs = _stack(row, data_folder)
    return 0.0 if isinstance(runs, PublishedVerification) else plan_facts.seconds_again(runs[0], data_folder)


def _stack(row: PublishedRun, data_folder: Path | None) -> tuple[Run, ...] | PublishedVerification:
    """The stack of a row's run; else why it cannot be compared."""
    study_name, name = (without_operands(label, row.precision) for label in (row.study, row.variant))
    study = STUDIES.get(study_name)
    names = [] if study is None else [variant.name for variant in study.variants]
    if study is None or name not in names:
        facts = {"variant": (f"{row.study}/{row.variant}", "not in the catalog")}
        return PublishedVerification(label=row.label, identical=False, difference="", facts=facts)
    variant = study.variant(name).override({"steps": row.last_step})
    _, digest = load_split(row.dataset, "whole", data_folder)
    facts = _differing(row, variant.digest, digest)
    if facts:
        return PublishedVerification(label=row.label, identical=False, difference="", facts=facts)
    settings = {"device": row.device, "precision": row.precision, "matmul": row.matmul, "isa": row.isa}
    engine = build(Engine, settings, "engine")
    conditions = Conditions(dataset=row.dataset, data_digest=digest, engine=engine)
    first = row.seed - row.slot
    return tuple(
        conditions.run(variant=variant, seed=first + slot, width=row.width, slot=slot) for slot in range(row.width)
    )


def _differing(row: PublishedRun, variant: str, data: str) -> dict[str, tuple[str, str]]:
    pairs = {
        "numerics of the code": (str(row.numerics), str(NUMERICS)),
        "settings of the variant": (row.variant_digest, short(variant)),
        "data": (row.data_digest, short(data)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
