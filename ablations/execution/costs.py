"""What training and scoring cost on this kind of machine: measured, kept in the user's cache folder, used by plans.

Where nothing was measured here, the figures that come with the package stand in, and where these have none of a
variant, its operations at the rates of `estimate`, scaled by what was measured of others. No torch.
"""

from __future__ import annotations

import contextlib
import functools
import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from ablations.config import Engine, Variant
from ablations.config.digest import sha256_of
from ablations.data import DataShape
from ablations.data.atomic_files import write_atomically
from ablations.execution.environment import cpu_model
from ablations.execution.estimate import EVALUATION_SECONDS, StepCost, analytic_step_seconds

SHIPPED = Path(__file__).with_name("costs.json")
USUAL = "cpu-float32-avx512"
"""The kind of engine whose figures stand in for those that were measured nowhere."""
# What changes nothing of a step's cost, of a variant and of its optimizers.
_FREE = ("name", "recipe", "steps", "initialization", "training_images", "own_parts")
_FREE_OF_OPTIMIZERS = ("learning_rate", "beta1", "beta2", "momentum")


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Seconds of CPU time on one core."""

    steps: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of one step of one seed: by `cost_key`, then by the width of the stack."""
    evaluations: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of one seed's scores: by dataset, then by tier."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """Of each `cost_key`, how many times longer its step takes than `analytic_step_seconds` says."""
    mebibytes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """That a stack in training holds at most, by `cost_key` and width; of what was measured where that can be."""
    here: bool = True
    """Measured on this kind of machine, not on the one that the package's figures were taken on."""

    def seed_step(self, key: str, cost: StepCost, width: int) -> float:
        """Of one step of one seed: as measured at the width, else at the nearest, else reckoned."""
        widths = self.steps.get(key)
        if widths:
            nearest = min(widths, key=lambda text: abs(int(text) - width))
            return widths[nearest]
        usual = statistics.median(self.factors.values()) if self.factors else 1.0
        return analytic_step_seconds(cost, width) * usual

    def evaluation(self, dataset: str, tier: str) -> float:
        """Of one seed's scores of a tier; of another dataset where this one was not measured."""
        of_data = self.evaluations.get(dataset) or next(iter(self.evaluations.values()), {})
        return of_data.get(tier, EVALUATION_SECONDS)

    def group(
        self, variant: Variant, key: str, cost: StepCost, dataset: str, *, width: int, scored: int, wanted: int
    ) -> float:
        """Of one stack: its training, and the scores of the wanted seeds, the last of the full tier."""
        scores = (scored - 1) * self.evaluation(dataset, "quick") + self.evaluation(dataset, "full")
        return variant.steps * width * self.seed_step(key, cost, width) + wanted * scores

    def with_measured(
        self,
        steps: Mapping[str, Mapping[str, float]],
        factors: Mapping[str, float],
        evaluations: Mapping[str, Any],
        mebibytes: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
    ) -> Costs:
        """These and newer ones."""
        return Costs(
            steps=_merged(self.steps, steps),
            evaluations={**self.evaluations, **evaluations},
            factors={**self.factors, **factors},
            mebibytes=_merged(self.mebibytes, mebibytes),
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "evaluations": self.evaluations,
            "factors": self.factors,
            "mebibytes": self.mebibytes,
        }


def cost_key(variant: Variant, shape: DataShape, engine: Engine) -> str:
    """Of everything that decides what a step costs, on a machine of one kind."""
    tree = {name: value for name, value in variant.as_dict().items() if name not in _FREE}
    for side in ("generator_optimizer", "discriminator_optimizer"):
        tree[side] = {name: value for name, value in tree[side].items() if name not in _FREE_OF_OPTIMIZERS}
    own = [engine.device, engine.precision, engine.isa, engine.matmul]
    return sha256_of([tree, [*shape.image, shape.classes], own])[:16]


def kind_of(engine: Engine) -> str:
    """Engines of one kind share what their scores cost, and how far `analytic_step_seconds` is off."""
    return f"{engine.device}-{engine.precision}-{engine.isa}"


@functools.lru_cache
def shipped_costs(kind: str) -> Costs:
    """The package's, for engines of a kind, or else of the usual one."""
    trees = _trees(SHIPPED)
    return _read(trees.get(kind, trees.get(USUAL)), here=False) or Costs(here=False)


def known_costs(engine: Engine) -> Costs:
    """Those of this kind of machine where some were measured, and the package's for what was not."""
    kind = kind_of(engine)
    own, shipped = _read(_trees(place_here()).get(kind), here=True), shipped_costs(kind)
    if own is None:
        return shipped
    # figures of another machine only for what was not measured here, at this machine's speed
    shared = [key for key in own.factors if key in shipped.factors]
    ratio = statistics.median(own.factors[key] / shipped.factors[key] for key in shared) if shared else 1.0
    scaled = {key: {width: ratio * s for width, s in widths.items()} for key, widths in shipped.steps.items()}
    return Costs(
        steps={**scaled, **own.steps},
        evaluations={**shipped.evaluations, **own.evaluations},
        factors=own.factors or shipped.factors,
        mebibytes={**shipped.mebibytes, **own.mebibytes},
    )


def keep(costs: Costs, engine: Engine) -> Path:
    """Write what was measured here of engines of a kind; returns where."""
    place = place_here()
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, dump({**_trees(place), kind_of(engine): costs.as_dict()}))
    return place


def measured_here(engine: Engine) -> Costs:
    """What was measured here so far of engines of a kind."""
    return _read(_trees(place_here()).get(kind_of(engine)), here=True) or Costs()


def dump(trees: Mapping[str, Any]) -> bytes:
    """By kind of engine."""
    return (json.dumps(trees, indent=1, sort_keys=True) + "\n").encode()


def place_here() -> Path:
    """The file of this kind of processor, in the user's cache folder."""
    kind = sha256_of(cpu_model())[:16]
    return Path(platformdirs.user_cache_dir("gan-ablations")) / "costs" / f"{kind}.json"


def _trees(path: Path) -> dict[str, Any]:
    """By kind of engine; empty where there is no file, or one that cannot be read: it is measured again then."""
    with contextlib.suppress(OSError, ValueError):
        trees = json.loads(path.read_bytes())
        if isinstance(trees, dict):
            return trees
    return {}


def _read(tree: Any, *, here: bool) -> Costs | None:
    """None where it says nothing of use."""
    with contextlib.suppress(TypeError, KeyError):
        return Costs(
            steps=tree["steps"],
            evaluations=tree["evaluations"],
            factors=tree["factors"],
            mebibytes=tree.get("mebibytes", {}),
            here=here,
        )
    return None


def _merged(
    known: Mapping[str, Mapping[str, float]], newer: Mapping[str, Mapping[str, float]]
) -> dict[str, Mapping[str, float]]:
    """By key, then by width."""
    return {**known, **{key: {**known.get(key, {}), **widths} for key, widths in newer.items()}}
