"""Every number of an evaluation, and all that is known of it, by name. No torch, no NumPy.

A metric is added by writing its file in `scoring/metrics`, which computes it, and its row in `metric_rows`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ablations.catalog.metric_facts import ENDING, Metric, of_extractor
from ablations.catalog.metric_rows import ROWS
from ablations.config.parts import EXTRACTOR_PARTS, METRIC_PARTS

PRIMARY = "balanced_frechet"
"""The metric that verdicts are given on, without its protocol. Lower is better. It was written down before any result
was seen: the image part of the distance, with class shares evened out, since that is what a person sees."""
USUAL_SAMPLES = 10_000
"""Samples a score is taken of, against as many test images; a smaller test set sets its own, smaller number."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of features, and the three distances that are taken in it: whole = images + class shares."""

    words: str
    whole: str
    images: str
    """With the class shares evened out."""
    shares: str
    """What class shares add: the whole less the images."""


READER = Kind(
    words="the reader's features",
    whole="frechet", images="balanced_frechet", shares="class_share_frechet",
)  # fmt: skip
LABEL_FREE = Kind(
    words="the label-free features",
    whole="contrastive_frechet", images="contrastive_balanced_frechet", shares="contrastive_class_share_frechet",
)  # fmt: skip
LABEL_FREE_EXTRACTOR = "contrastive"
KINDS = (READER, LABEL_FREE)
"""`better` and `worse` need both to say so."""
FALLBACKS = (PRIMARY, READER.whole, LABEL_FREE.whole)
"""What carries the verdict: the first of these that results have. Old results and data without labels lack some."""

METRICS: dict[str, Metric] = {
    (found := of_extractor(row, extractor)).name: found for row in ROWS for extractor in row.extractors
}
"""By name without protocol, in the order in which they are computed and shown."""


def find(name: str) -> Metric | None:
    """The row of a number by its name in a result, with or without protocol; None for one that no row describes."""
    if name in METRICS:
        return METRICS[name]
    if own := METRIC_PARTS.get(name):
        words = own.label or name.replace("_", " ")
        return Metric(
            name=name,
            label=words,
            about=own.about,
            unit=own.unit,
            better=own.better,
            rises=own.rises,
            falls=own.falls,
            stays=own.stays,
        )
    if (by := next((by for by in beside() if name.startswith(f"{by}_")), None)) and (
        row := find(name.removeprefix(f"{by}_"))
    ):
        return of_extractor(row, by)
    return built_in(name)


def built_in(name: str) -> Metric | None:
    """The row of a metric of this project by its name, with or without protocol; None for any other."""
    ending = ENDING.search(name)
    row = METRICS.get(name[: ending.start()]) if ending else None
    return row if row and row.counted else METRICS.get(_template(name)) or METRICS.get(name)


def beside() -> tuple[str, ...]:
    """The user's own extractors that look beside the built-in ones."""
    return tuple(name for name in EXTRACTOR_PARTS if not EXTRACTOR_PARTS[name].replaces)


def every() -> dict[str, Metric]:
    """`METRICS`, then what the user's own extractors say beside, and the user's own metrics."""
    by_own = (of_extractor(row, name) for name in beside() for row in ROWS if LABEL_FREE_EXTRACTOR in row.extractors)
    rows = (*by_own, *(facts(name) for name in METRIC_PARTS))
    return {**METRICS, **{row.name: row for row in rows}}


def lookers(row: Metric) -> tuple[str, ...]:
    """By whose features a metric is taken: a user's own take all that are taken by label-free features."""
    return (*row.extractors, *beside()) if LABEL_FREE_EXTRACTOR in row.extractors else row.extractors


def facts(name: str) -> Metric:
    """What is known of a number by its name in a result; of one that no row describes, its name alone."""
    words = name.replace("_", " ")
    return find(name) or Metric(name=name, label=words, about="", unit="", better="neither", of="model")


def primary(names: Iterable[str] = (), *, samples: int = USUAL_SAMPLES) -> str:
    """Which of these names, as results have them, is the metric that verdicts are given on: see `FALLBACKS`.

    Where none is, what it is called of so many samples against as many test images: `balanced_frechet_10k`.
    """
    there = list(names)
    chosen = (named(bare, there) for bare in FALLBACKS)
    return next((name for name in chosen if name), METRICS[PRIMARY].named(samples, samples))


def second(names: Iterable[str]) -> str | None:
    """The same as `primary` by the other kind of features; None where results have one kind only."""
    there = list(names)
    bare = facts(primary(there)).name
    others = {READER.images: LABEL_FREE.images, READER.whole: LABEL_FREE.whole}
    return named(others[bare], there) if bare in others else None


def named(bare: str, names: Iterable[str]) -> str | None:
    """Which of these names is the metric `bare`, with or without protocol."""
    return next((name for name in names if facts(name).name == bare), None)


def carries_verdicts(name: str) -> bool:
    """May this, with or without protocol, be the metric that verdicts are given on?"""
    return facts(name).name in FALLBACKS


def _template(name: str) -> str:
    """`class_{}` for `class_7`: the digits of each part replaced."""
    return "_".join("{}" if part.isdigit() else part for part in name.split("_"))
