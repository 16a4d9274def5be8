"""Seeds until decided: a study looks at its scores after every block of seeds and goes on where a contrast is open.

The error of the study is shared among the looks as it is among the contrasts (Bonferroni), so it holds whatever is
added where, also in a study that is broken off and taken up again. AdaStop (Mathieu et al. 2023) shares it by
permutations of the scores over all looks, which is exact only where treatment and reference have one distribution under
no difference, and it knows no equivalence. Here better, worse and equivalent are all decisions. A contrast that would
hardly be decided by the last look is closed without one (`futility`), which costs no error.

Everything follows from the scores by seed: a look uses the first seeds of each variant and no others, so the path is
the same whether the runs were made at once or one after the other. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ablations.config import Contrast
from ablations.config.errors import ConfigError
from ablations.config.study import check_looks
from reports.analysis.agreement import agree
from reports.analysis.comparison import Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.futility import chance
from reports.analysis.statuses import INTERRUPTED, Statuses, unscored
from reports.analysis.verdicts import Scores, Side, estimable, judge, measure, side

State = Literal["decided", "closed", "open"]
"""Closed: without a decision."""
DECISIONS = ("better", "worse", "equivalent")
LOOKS = (5, 8, 12, 20, 30, 40)
"""The usual ones: each has about one and a half times the seeds of the one before."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When a study looks, and what share of its error each look has. It must stand before the first look is taken: the
    error is that of one plan, not of a second one made after the first was found too short.
    """

    looks: tuple[int, ...] = LOOKS
    """Seeds of each open variant at each look, increasing."""
    reference_factor: float | None = None
    """Times as many seeds for a reference as for its treatments; None: the square root of how many it has, which is the
    split of a given number of runs that makes the effects' errors least."""
    hope: float = 0.1
    """A contrast with a smaller chance to be decided by the last look is closed."""

    def __post_init__(self) -> None:
        """Refuse looks that are none.

        Raises:
            ConfigError: looks that do not increase, or begin below five seeds; a factor below 1.
        """
        check_looks(self.looks)
        if self.reference_factor is not None and self.reference_factor < 1:
            raise ConfigError(f"a reference factor of {self.reference_factor}: it must be at least 1")

    @classmethod
    def up_to(cls, most: int, reference_factor: float | None = None, block: int = 1) -> Plan:
        """The usual looks, each at whole blocks of seeds, the last at `most` seeds."""
        whole = dict.fromkeys(math.ceil(n / block) * block for n in LOOKS)
        return cls(looks=(*(n for n in whole if n < most), most), reference_factor=reference_factor)

    def level(self, look: int, alpha: float, family: int) -> float:
        """The error of one contrast of so many at one look, of a study with error `alpha`."""
        return alpha * self.share(look) / family

    def share(self, look: int) -> float:
        """Of the error: in proportion to the seeds, since critical values of small levels are worst with few seeds."""
        return self.looks[look] / sum(self.looks)

    def reference_seeds(self, treatment_seeds: int, treatments: int) -> int:
        """Of a reference with so many treatments."""
        factor = math.sqrt(treatments) if self.reference_factor is None else self.reference_factor
        return math.ceil(factor * treatment_seeds - 1e-9)


@dataclass(frozen=True, kw_only=True)
class Path:
    """One contrast, look by look, up to the one that closed it."""

    contrast: Contrast
    comparisons: tuple[Comparison, ...] = ()
    """By the metric that carries the verdict, which is the one that all scores agree on."""
    asked: tuple[tuple[int, int], ...] = ()
    """Beside each of them: the seeds of treatment and reference that it rests on."""
    state: State = "open"

    @property
    def last(self) -> Comparison | None:
        return self.comparisons[-1] if self.comparisons else None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a study knows by now, and what it needs next."""

    plan: Plan
    paths: tuple[Path, ...]
    looks: int
    """Looks taken."""
    wanted: Mapping[str, int] = field(default_factory=dict)
    """Variant to the number of seeds that the next look asks of it; empty once nothing is open."""

    @property
    def open(self) -> tuple[Contrast, ...]:
        return tuple(path.contrast for path in self.paths if path.state == "open")


def follow(
    scores: Scores,
    contrasts: Sequence[Contrast],
    plan: Plan,
    rules: Rules | None = None,
    statuses: Statuses | None = None,
    second: Scores | None = None,
    shares: Scores | None = None,
) -> Progress:
    """Take every look for which the runs are there.

    A look is taken when all variants of open contrasts have ended their runs of its seeds. Runs beyond do no harm: they
    wait for a later look. A contrast is decided once both kinds of features have decided it.

    Args:
        scores: by the metric that carries the verdict.
        contrasts: what is asked.
        plan: when to look.
        rules: what a verdict demands; the noise floor is that of `scores` alone.
        statuses: how runs ended.
        second: the same by the other kind of features.
        shares: of the part of the class shares.
    """
    rules = rules or Rules()
    paths = [Path(contrast=contrast) for contrast in contrasts]
    for look in range(len(plan.looks)):
        wanted = _wanted(paths, plan, look)
        if not wanted or any(_ended(scores, statuses, name) < seeds for name, seeds in wanted.items()):
            return Progress(plan=plan, paths=tuple(paths), looks=look, wanted=wanted)
        seen = _Seen((scores, second, shares), statuses, wanted)
        paths = [_step(path, seen, plan, look, rules, len(contrasts)) for path in paths]
    return Progress(plan=plan, paths=tuple(paths), looks=len(plan.looks))


def _wanted(paths: Sequence[Path], plan: Plan, look: int) -> dict[str, int]:
    """Variant to seeds at a look, of the variants of open contrasts."""
    seeds: dict[str, int] = {}
    for path in paths:
        if path.state == "open":
            treatments = sum(other.contrast.reference == path.contrast.reference for other in paths)
            own = plan.looks[look]
            for name, number in (
                (path.contrast.treatment, own),
                (path.contrast.reference, plan.reference_seeds(own, treatments)),
            ):
                seeds[name] = max(number, seeds.get(name, 0))
    return seeds


def _ended(scores: Scores, statuses: Statuses | None, variant: str) -> int:
    """How many of the seeds 0, 1, ... have ended, up to the first that has not."""
    ended = (statuses or {}).get(variant, {})
    there = {*scores.get(variant, {}), *ended} - {seed for seed, status in ended.items() if status == INTERRUPTED}
    return next(seed for seed in range(len(there) + 1) if seed not in there)


@dataclass(frozen=True)
class _Seen:
    """What a look sees."""

    tables: tuple[Scores, Scores | None, Scores | None]
    statuses: Statuses | None
    seeds: Mapping[str, int]

    def sides(self, contrast: Contrast) -> list[tuple[Side, Side] | None]:
        """Treatment and reference, by each table that is there."""
        one, other = contrast.treatment, contrast.reference
        return [
            None
            if table is None
            else (
                side(table, self.statuses, one, self.seeds[one]),
                side(table, self.statuses, other, self.seeds[other]),
            )
            for table in self.tables
        ]


def _step(path: Path, seen: _Seen, plan: Plan, look: int, rules: Rules, family: int) -> Path:
    if path.state != "open":
        return path
    level = plan.level(look, rules.alpha, family)
    bare = replace(rules, noise_floor=0.0)
    sides = seen.sides(path.contrast)
    one, other, shares = (
        both and judge(path.contrast, *both, bare if index else rules, level) for index, both in enumerate(sides)
    )
    assert one is not None, "the first table is always there"
    decisive = [(both, item) for both, item in zip(sides[:2], (one, other), strict=True) if both and item]
    state: State = "open"
    if all(item.verdict in DECISIONS for _, item in decisive):
        state = "decided"
    elif look == len(plan.looks) - 1 or not all(
        _hopeful(*both, item, plan, look, family, rules) for both, item in decisive
    ):
        state = "closed"
    return Path(
        contrast=path.contrast,
        comparisons=(*path.comparisons, agree(one, other, shares)),
        asked=(*path.asked, (seen.seeds[path.contrast.treatment], seen.seeds[path.contrast.reference])),
        state=state,
    )


def _hopeful(
    treatment: Side, reference: Side, now: Comparison, plan: Plan, look: int, family: int, rules: Rules
) -> bool:
    """May later looks decide? Where runs end without a score, their number may."""
    gaps = unscored(treatment.counts) + unscored(reference.counts) > 0
    if now.verdict in DECISIONS or gaps or not estimable(treatment, reference):
        return True
    growth = plan.looks[-1] / plan.looks[look]
    final = plan.level(len(plan.looks) - 1, rules.alpha, family)
    return float(chance(measure(treatment, reference), growth, final, now.margin)) >= plan.hope
