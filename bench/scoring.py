"""Where the time of an evaluation goes: the draw, each extractor, each metric, what D says of G now and as it was."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ablations.catalog import BASELINE, STUDIES
from ablations.catalog.metric_facts import Tier
from ablations.catalog.metrics import lookers
from ablations.data import Dataset
from ablations.execution.recorder import GRADIENT_SAMPLES, looked_back, measure
from ablations.scoring.metrics.bindings import Computation
from ablations.scoring.metrics.values import Features, Reading, Reference, Samples, reading_of
from ablations.scoring.panel import READER, load_panel
from ablations.scoring.scorer import Scorer
from ablations.scoring.suite import references_of, score
from ablations.scoring.table import computations
from ablations.store.result import Evaluation
from ablations.training.engine import choose_engine, set_up
from ablations.training.seed_group import SeedGroup

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Milliseconds of CPU time, the least of some rounds; of one seed at one step."""

    samples: int
    quick: float
    full: float
    """Whole evaluations of a tier, as in training."""
    metrics: float
    """All metrics of the tier `full` and both extractors, of images that are drawn."""
    looked_back: float
    """What D says, at the end, of G as it was at four earlier steps."""
    training: float
    """One step of one seed."""
    parts: Mapping[str, float]
    """By name; a metric's with its extractor."""

    def share(self, steps: int, evaluations: int) -> float:
        """Of a run's time that its scores take, with step 0 and so many evaluations, the last of them full."""
        scores = evaluations * self.quick + self.full + self.looked_back
        return scores / (scores + steps * self.training)


def profile_scoring(dataset: Dataset, *, steps: int, width: int, rounds: int) -> Costs:
    """Train the baseline for some steps in this process, then score its first seed, part by part."""
    engine = choose_engine("cpu")
    set_up(engine)
    group = SeedGroup(BASELINE, range(width), dataset, engine)
    group.advance(max(1, steps // 10))
    started, before = time.process_time(), group.step
    group.advance(steps)
    training = (time.process_time() - started) * 1e3 / (group.step - before) / width
    panel = load_panel()
    scorer, references = Scorer(dataset, panel), references_of(dataset, panel)
    parts: dict[str, float] = {}

    def part(name: str, compute: Callable[[], T]) -> T:
        parts[name], value = _least(compute, rounds)
        return value

    images = part("draw of the samples", lambda: group.sample(0, scorer.count))
    views = {one.name: part(one.name, functools.partial(one.features, images)) for one in panel.extractors}
    read = reading_of(views[READER])
    for item in computations():
        for extractor in (name for name in lookers(item.facts) if name in views and not item.facts.conditional):
            seen, reference = views[extractor], references[extractor]
            part(f"{item.facts.name}, {extractor}", functools.partial(_alone, item, seen, read, reference))
    part("D on the samples", lambda: group.discriminate(0, images, None))
    part("gradients of G's objectives", lambda: group.objective_gradients(0, GRADIENT_SAMPLES))
    tiers: dict[Tier, float] = {}
    for tier in ("quick", "full"):
        tiers[tier], _ = _least(functools.partial(measure, group, 0, dataset, scorer, tier), rounds)
    earlier = [Evaluation(step=step, train_seconds=0.0, metrics={}) for step in range(4)]
    snapshots = {item.step: group.generator_weights(0) for item in earlier}
    return Costs(
        samples=scorer.count,
        quick=tiers["quick"],
        full=tiers["full"],
        metrics=_least(lambda: score(panel.views(images), references, tier="full"), rounds)[0],
        looked_back=_least(lambda: looked_back(group, 0, scorer.count, earlier, snapshots), rounds)[0],
        training=training,
        parts=parts,
    )


def lines_of(costs: Costs) -> list[tuple[str, str]]:
    """The longest parts first, then wholes, then what they are of a run of `quick`."""
    study = STUDIES["quick"]
    share = costs.share(study.variants[0].steps, study.evaluations)
    parts = sorted(costs.parts.items(), key=lambda item: -item[1])
    return [
        *((name, f"{took:.1f}") for name, took in parts),
        (f"evaluation of the tier quick, {costs.samples:,} samples", f"{costs.quick:.1f}"),
        ("evaluation of the tier full", f"{costs.full:.1f}"),
        ("all metrics of images that are drawn, both extractors", f"{costs.metrics:.1f}"),
        ("D at the end on G at four earlier steps", f"{costs.looked_back:.1f}"),
        ("one step of training of one seed", f"{costs.training:.2f}"),
        (f"scores' share of a run of {study.name}", f"{share:.0%}"),
    ]


def _alone(item: Computation, seen: Features, read: Reading | None, reference: Reference) -> Sequence[float]:
    """Of samples made anew: what they keep for other metrics would be kept from round to round."""
    return item.compute(Samples(seen=seen, read=read), reference)


def _least(compute: Callable[[], T], rounds: int) -> tuple[float, T]:
    """Milliseconds of CPU time of the fastest round after one that does not count, and what it computes."""
    value, times = compute(), []
    for _ in range(rounds):
        started = time.process_time()
        value = compute()
        times.append(time.process_time() - started)
    return min(times) * 1e3, value
