"""What a plan must know of its data, variants and scorer: found with torch once, remembered for plans to come."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablations.config import Run, Variant
from ablations.config.errors import ConfigError
from ablations.config.own_parts import PartError, silenced
from ablations.config.parts import DATASETS, METRIC_PARTS
from ablations.config.rules import check_batch
from ablations.data import DataShape, data_folder, files_of
from ablations.execution.costs import Costs, cost_key, known_costs
from ablations.execution.estimate import StepCost, snapshot_bytes, step_cost
from ablations.execution.remembered import remembered, state_of

if TYPE_CHECKING:
    from ablations.data import Dataset

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """Of a dataset as it lies in the data folder."""

    name: str
    """As it calls itself in messages."""
    digest: str
    shape: DataShape
    training_images: int


@dataclass(frozen=True, kw_only=True)
class VariantFacts:
    """Of a variant on data of one shape."""

    cost: StepCost | None
    """None where a network of the user's own fails at once."""
    snapshot_bytes: int
    """Of G's weights, as they are kept at a scored step."""


def data_facts(name: str, folder: Path | None) -> DataFacts:
    """Raises what `load_dataset` does."""

    def find() -> dict[str, Any]:
        dataset, digest = _load(name, folder)
        shape = dataclasses.asdict(dataset.shape)
        return {
            "name": dataset.name, "digest": digest, "shape": shape, "training_images": len(dataset.train_images)
        }  # fmt: skip

    files = files_of(name, folder)
    if files is None:
        found = find()
    else:
        found = remembered(["data", name, str(data_folder(folder))], [*files, *_sources("data")], find)
    return DataFacts(**{**found, "shape": DataShape(**found["shape"])})


def variants_facts(variants: Iterable[Variant], data: DataFacts) -> dict[str, VariantFacts]:
    """By name; raises `ConfigError` where one does not fit the data."""
    state = state_of(_sources("parts", "config", "execution"))
    return {variant.name: _variant_facts(variant, data, state) for variant in variants}


def stack_seconds(
    runs: tuple[Run, ...], scored: int, wanted: int, facts: VariantFacts, shape: DataShape, costs: Costs
) -> float:
    """Of a stack of which so many seeds are scored so often, on one core; 0 where a network of the user's own fails at
    once.
    """
    if facts.cost is None:
        return 0.0
    run, width = runs[0], len(runs)
    key = cost_key(run.variant, shape, run.engine)
    return costs.group(run.variant, key, facts.cost, run.dataset, width=width, scored=scored, wanted=wanted)


def seconds_again(run: Run, folder: Path | None, scored: int = 1) -> float:
    """About how long one core trains the stack of a run again, to score the run itself so many times."""
    data = data_facts(run.dataset, folder)
    facts = variants_facts([run.variant], data)[run.variant.name]
    return stack_seconds((run,) * run.width, scored, 1, facts, data.shape, known_costs(run.engine))


def _variant_facts(variant: Variant, data: DataFacts, state: str) -> VariantFacts:
    """`state`: of the code that the answers rest on. Raises `ConfigError` where the variant does not fit the data."""
    check_batch(variant, data.training_images, data.name)

    def find() -> dict[str, Any]:
        try:
            with silenced():
                cost = dataclasses.asdict(step_cost(variant, data.shape))
        except PartError:  # own code that fails is the outcome of its own runs alone
            cost = None
        return {"cost": cost, "snapshot_bytes": snapshot_bytes(variant, data.shape)}

    question = ["variant", variant.digest, dataclasses.asdict(data.shape)]
    try:
        found = find() if variant.own_parts else remembered(question, state, find)
    except ConfigError as error:
        raise ConfigError(f"variant {variant.name!r} on {data.name}: {error}") from error
    return VariantFacts(
        cost=None if found["cost"] is None else StepCost(**found["cost"]), snapshot_bytes=found["snapshot_bytes"]
    )


def scorer_of(name: str, folder: Path | None) -> str:
    """The identity of the scorer of a dataset; raises `DataError` where it has no extractors yet."""

    def find() -> str:
        from ablations.scoring.identity import scorer_identity
        from ablations.scoring.panel import panel_of

        return scorer_identity(panel_of(name, folder))

    shipped = name in DATASETS and DATASETS[name].frozen
    if not shipped or METRIC_PARTS or "ablations.scoring.scorer" in sys.modules:
        return find()
    weights = (_PACKAGE / "scoring" / "extractors" / "weights").iterdir()
    return str(remembered(["scorer"], [*weights, *_sources("scoring", "catalog")], find))


def _load(name: str, folder: Path | None) -> tuple[Dataset, str]:
    from ablations.data.splits import load_split

    return load_split(name, "whole", folder)


@functools.cache
def _sources(*rooms: str) -> tuple[Path, ...]:
    """The code that the answers rest on."""
    return tuple(path for room in rooms for path in (_PACKAGE / room).rglob("*.py"))
