"""One answer from several scores of the same runs: two kinds of features, images apart from class shares. Pure.

A score is a choice, and a verdict that hangs on the choice is no verdict on the models. So `better`, `worse` and
`equivalent` need both kinds of features to say so, each with its own evidence at the contrast's level. That is an
intersection-union test (Berger 1982): wrong only where both are wrong, so the error of a study stays what it is for one
score, without any correction. Where one kind says better or worse and the other does not, or where the class shares
move the other way with evidence of their own, the answer is `depends on the score`, and the text says on what. Where
images show no difference and class shares do, the verdict is still that of the images, and the text says both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.catalog.metrics import KINDS, READER, Kind, facts, named, primary, second
from ablations.config import Contrast
from reports.analysis.comparison import Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import OPPOSITE, Verdict
from reports.analysis.statuses import Statuses
from reports.analysis.verdicts import Scores, compare

DEPENDS: Verdict = "depends on the score"


@dataclass(frozen=True, kw_only=True)
class Split:
    """One difference by one kind of features: whole = images + class shares. None: results lack that score."""

    kind: Kind
    whole: Comparison | None
    images: Comparison | None
    shares: Comparison | None

    @property
    def parts(self) -> dict[str, Comparison]:
        """Those that there are, by the bare names of their scores."""
        named = {self.kind.whole: self.whole, self.kind.images: self.images, self.kind.shares: self.shares}
        return {name: part for name, part in named.items() if part is not None}


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the scores of one set of results are called."""

    primary: str
    """Carries the verdict."""
    second: str | None
    """The same by the other kind of features."""
    shares: str | None
    """The part of the class shares, where the primary metric leaves it out."""
    parts: Mapping[str, str]
    """Bare name to name, of every distance of every kind that results have."""

    @classmethod
    def of(cls, names: Sequence[str]) -> Measures:
        """Of the names of the metrics that results have."""
        bare = [part for kind in KINDS for part in (kind.whole, kind.images, kind.shares)]
        found = {part: name for part in bare if (name := named(part, names))}
        main = primary(names)
        balanced = facts(main).name == READER.images
        return cls(
            primary=main, second=second(names), shares=found.get(READER.shares) if balanced else None, parts=found
        )

    @property
    def decisive(self) -> tuple[str, ...]:
        """Those that the verdict needs."""
        return tuple(name for name in (self.primary, self.second, self.shares) if name)

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.decisive, *self.parts.values()]))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What all scores together say of one contrast."""

    main: Comparison
    """By the metric that carries the verdict; its verdict is the agreed one."""
    splits: tuple[Split, ...]
    """For each kind of features that results have."""
    depends_on: str = ""
    """On what the answer depends, what class shares say where images show nothing, or that one kind of features is all
    there was; else empty."""


def agree(one: Comparison, other: Comparison | None, shares: Comparison | None = None) -> Comparison:
    """The comparison `one` with the verdict that all of them bear.

    Args:
        one: by the metric that carries the verdict.
        other: by the other kind of features; None where there is one kind only.
        shares: of the part of the class shares.
    """
    by_other, by_shares = (None if item is None else item.verdict for item in (other, shares))
    return replace(one, verdict=_agreed(one.verdict, by_other, by_shares))


def _agreed(one: Verdict, other: Verdict | None, shares: Verdict | None) -> Verdict:
    if one in OPPOSITE and shares == OPPOSITE[one]:
        return DEPENDS
    if other is None or one == other:
        return one
    if "too few scores" in (one, other):
        return "too few scores"
    return DEPENDS if {one, other} & {*OPPOSITE} else "no difference shown"


def depends_on(one: Comparison, other: Comparison | None, shares: Comparison | None) -> str:
    """Why the agreed verdict is not that of one score, and class shares that differ where images do not, in words."""
    if other is None:
        return "by one kind of features only: the runs have no score of the other"
    here, there = (kind.words for kind in KINDS)
    images = agree(one, other).verdict
    notes = []
    if images == DEPENDS:
        notes.append(f"images: {one.verdict} by {here}, {other.verdict} by {there}")
    if shares is not None and one.verdict in OPPOSITE and shares.verdict == OPPOSITE[one.verdict]:
        notes.append(f"images: {one.verdict}, class shares: {shares.verdict}")
    elif shares is not None and shares.verdict in OPPOSITE and images in ("no difference shown", "equivalent"):
        notes.append(f"images: {images}, class shares: {shares.verdict}")
    return "; ".join(notes)


def answers(
    scores_of: Callable[[str], Scores],
    measures: Measures,
    contrasts: Sequence[Contrast],
    rules: Rules,
    statuses: Statuses | None = None,
) -> tuple[Answer, ...]:
    """Judge all contrasts of one study by all scores.

    Args:
        scores_of: a metric's name to its table. `rules.noise_floor` is that of the primary metric, and bounds no other.
        measures: the metrics.
        contrasts: what is asked; all of them share the error.
        rules: what a verdict demands.
        statuses: how runs ended.
    """
    bare = replace(rules, noise_floor=0.0)
    found = {
        name: compare(scores_of(name), contrasts, rules if name == measures.primary else bare, statuses)
        for name in measures.all
    }
    return tuple(
        assemble({name: items[index] for name, items in found.items()}, measures) for index in range(len(contrasts))
    )


def assemble(by_metric: Mapping[str, Comparison], measures: Measures) -> Answer:
    """The answer to one contrast from its comparisons by each metric's name."""
    one, other, shares = (by_metric.get(name or "") for name in (measures.primary, measures.second, measures.shares))
    assert one is not None, "the primary metric is always compared"
    parts = {bare: by_metric.get(name) for bare, name in measures.parts.items()}
    splits = (
        Split(kind=kind, whole=parts.get(kind.whole), images=parts.get(kind.images), shares=parts.get(kind.shares))
        for kind in KINDS
    )
    return Answer(
        main=agree(one, other, shares),
        splits=tuple(item for item in splits if item.whole or item.images),
        depends_on=depends_on(one, other, shares),
    )
