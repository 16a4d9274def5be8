"""Where verdicts hang on the score: by the old one, and by the one that carries them now. Pure.

The old one was the whole distance by the reader's features alone, class shares and images in one. Now the images carry
the verdict, class shares evened out, and both kinds of features must agree. Both are judged by the same statistics.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ablations.catalog.metrics import READER, named
from ablations.config import Contrast
from ablations.config.errors import StoreError
from ablations.store.outcomes import statuses
from reports.analysis.agreement import Answer, Split
from reports.analysis.comparison import Comparison
from reports.analysis.decisions import OPPOSITE
from reports.analysis.findings import Findings
from reports.analysis.scored import scores
from reports.analysis.verdicts import Scores, compare

EVIDENT = (*OPPOSITE, "equivalent")


@dataclass(frozen=True, kw_only=True)
class Both:
    """One contrast by the old score and by the new one."""

    contrast: Contrast
    old: Comparison
    new: Answer

    @property
    def same(self) -> bool:
        return self.old.verdict == self.new.main.verdict

    def reasons(self) -> Iterator[str]:
        """In words, what makes the difference."""
        ours = next((split for split in self.new.splits if split.kind == READER), None)
        if self.same:
            if self.old.rests_on == "scores" and self.old.verdict in OPPOSITE and ours is not None and ours.shares:
                yield f"the same; {_share(self.old, ours.shares)} of the old difference was class shares"
            return
        if self.new.main.rests_on != self.old.rests_on:
            yield f"the old verdict rests on {self.old.rests_on}, the new one on {self.new.main.rests_on}"
        if ours is not None and ours.images is not None and ours.images.verdict != self.old.verdict:
            yield from _of_parts(self.old, ours)
        for split in self.new.splits:
            if split is not ours and ours is not None and ours.images is not None and split.images is not None:
                yield from _of_other(ours.images, split.images, split.kind.words)


def _of_parts(old: Comparison, split: Split) -> Iterator[str]:
    """Why the images alone say something else than images and class shares in one."""
    images, shares = split.images, split.shares
    assert images is not None, "asked only where there is one"
    if shares is None:
        yield f"of the images alone: {images.verdict}"
    elif images.verdict in OPPOSITE and old.verdict == OPPOSITE[images.verdict]:
        yield "the images differ one way and the class shares, by more, the other way"
    elif images.verdict in OPPOSITE:
        apart = "the other way" if shares.effect * images.effect < 0 else "the same way"
        yield (
            f"the images differ ({images.verdict}); in the old score the class shares, which differ {apart} and vary "
            "from seed to seed, hid it"
        )
    elif old.verdict in OPPOSITE:
        yield f"{_share(old, shares)} of the old difference was class shares; of the images alone: {images.verdict}"
    else:
        yield f"of the images alone: {images.verdict}"


def _share(whole: Comparison, part: Comparison) -> str:
    return f"{100 * part.effect / whole.effect:.0f}%".replace("-", "\N{MINUS SIGN}")


def _of_other(ours: Comparison, theirs: Comparison, words: str) -> Iterator[str]:
    if ours.verdict in EVIDENT and theirs.verdict != ours.verdict:
        yield f"{words} do not bear it out: {theirs.verdict}"


@dataclass(frozen=True, kw_only=True)
class Deviations:
    """The standard deviation from seed to seed of one variant, by both scores."""

    variant: str
    seeds: int
    old: float
    new: float


def both(found: Findings) -> tuple[Both, ...]:
    """Each contrast of a study by both scores.

    Raises:
        StoreError: the study has no whole distance or no part of it that is owed to the images.
    """
    table = old_scores(found)
    old = compare(table, found.study.contrasts, found.rules, statuses(found.results))
    return tuple(
        Both(contrast=contrast, old=one, new=answer)
        for contrast, one, answer in zip(found.study.contrasts, old, found.answers, strict=True)
    )


def old_scores(found: Findings) -> Scores:
    """By the old score.

    Raises:
        StoreError: the study has not both scores.
    """
    name = named(READER.whole, found.measures.all)
    if name is None or name == found.metric:
        raise StoreError(
            f"{found.study.name!r} has no {READER.whole} beside its score: ablations rescore {found.study.name}"
        )
    return scores(found.results, name)


def seed_deviations(found: Findings) -> tuple[Deviations, ...]:
    """Of a study whose images carry the verdict beside a whole distance; empty for any other."""
    name = named(READER.whole, found.measures.all)
    if name is None or found.metric == name or found.measures.parts.get(READER.images) != found.metric:
        return ()
    return deviations(scores(found.results, name), found.scores)


def mean_ratio(items: Sequence[Deviations]) -> float:
    """The geometric mean of new to old; NaN where there is none."""
    ratios = [math.log(item.new / item.old) for item in items if item.new and item.old]
    return math.exp(sum(ratios) / len(ratios)) if ratios else math.nan


def deviations(old: Scores, new: Scores) -> tuple[Deviations, ...]:
    """Of the variants with two usable scores or more."""
    found = []
    for variant, by_seed in new.items():
        seeds = [seed for seed, value in by_seed.items() if math.isfinite(value)]
        if len(seeds) > 1:
            sd = [statistics.stdev(table[variant][seed] for seed in seeds) for table in (old, new)]
            found.append(Deviations(variant=variant, seeds=len(seeds), old=sd[0], new=sd[1]))
    return tuple(found)
