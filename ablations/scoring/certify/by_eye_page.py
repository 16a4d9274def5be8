"""The page on what eyes and the classifier read in the same samples. Pure."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ablations.scoring.certify.by_eye import (
    UNREADABLE,
    Agreement,
    Labels,
    Part,
    Sheet,
    agreement,
    alike,
    mean_shares,
    shares,
)
from ablations.scoring.certify.markdown import markdown_table
from reports.numbers import DASH, MINUS

WANTED = 0.9
"""The agreement of class shares that was asked for beforehand."""
SHOWN = 3
"""Differences of a model that are named."""
READER = "classifier"

HEAD = """# Read by eye

Samples of stored models, 200 of the 10,000 that are scored, drawn at random: labelled by eye from the enlarged sheets
(four times their size, numbered), each sheet once, before any other label of it was seen. The labels of each eye stand
in a commit of their own. A label is a digit, or - where none could be read. All eyes are vision models: where they
agree with each other, they may also err alike. `ablations by-eye --runs STORE --study STUDY --variant NAME` draws the
sheets, labels go into EYE/NAME.csv beside them, and `ablations by-eye` makes this page.

*Class shares alike*: one minus the total variation distance of the class shares; images that a reader calls - are left
out of its shares, as in all scores, or, in brackets, count as an eleventh class. *Same label*: of all images, - being a
label too; in brackets, the same class of the images in which both read a digit.

Asked for beforehand: class shares of 200 samples of each of six stored models, by eye and by the classifier, agree to
90%.
"""


def markdown(parts: Sequence[Part]) -> str:
    """The page of all parts."""
    return "\n".join([HEAD, *_all(parts), *(line for part in parts for line in _part(part))])


def _all(parts: Sequence[Part]) -> Iterator[str]:
    """What came of it, in a line for each part."""
    rows = []
    for part in parts:
        met = {eye: [found.alike >= WANTED for found in _with(part, eye, READER)] for eye in part.eyes}
        holds = "; ".join(f"{eye} eye: {sum(found)} of {len(found)}" for eye, found in met.items())
        cells = (holds, _range(found.alike for eye in part.eyes for found in _with(part, eye, READER)))
        between = [found.alike for one, two in _pairs(part) for found in _with(part, one, two)]
        rows.append((f"[{part.name}](#{part.name})", *cells, _range(between)))
    header = ("part", f"models that agree to {WANTED:.0%}", "eye and classifier", "eye and eye")
    yield from markdown_table(header, rows)


def _part(part: Part) -> Iterator[str]:
    yield f"## {part.name}\n"
    yield part.about
    yield from _alike(part)
    yield from _same(part)
    yield from _verdict(part)
    yield from _asked(part)
    yield from _differences(part)


def _alike(part: Part) -> Iterator[str]:
    several = len(part.eyes) > 1
    header = ["class shares alike", "study", "seed", "step", *(f"{eye} eye and {READER}" for eye in part.eyes)]
    header += [f"mean of the eyes and {READER}"] if several else []
    header += [f"{one} and {two} eye" for one, two in _pairs(part)]
    rows = []
    for sheet in part.sheets:
        shown = sheet.shown
        cells = [_both(agreement(sheet.eyes[eye], sheet.reader)) for eye in part.eyes]
        cells += [_of_mean(sheet, part.eyes)] if several else []
        cells += [_both(agreement(sheet.eyes[one], sheet.eyes[two])) for one, two in _pairs(part)]
        step = f"{shown.step:,} of {shown.steps:,}"
        link = f"[{shown.name}]({part.name}/{shown.name}.png)"
        rows.append((link, shown.study, str(shown.seed), step, *cells))
    yield from markdown_table(header, rows, right=True)


def _same(part: Part) -> Iterator[str]:
    pairs = [*((eye, READER) for eye in part.eyes), *_pairs(part)]
    header = ["same label", *(f"{one} eye and {_named(two)}" for one, two in pairs)]
    header += [*(f"readable: {eye} eye" for eye in part.eyes), READER]
    rows = []
    for sheet in part.sheets:
        found = [agreement(_labels(sheet, one), _labels(sheet, two)) for one, two in pairs]
        read = [1 - shares(_labels(sheet, who), of_all=True).get(UNREADABLE, 0) for who in (*part.eyes, READER)]
        same = (f"{percent(item.same)} ({percent(item.same_class)})" for item in found)
        rows.append((sheet.shown.name, *same, *map(percent, read)))
    yield from markdown_table(header, rows, right=True)


def _verdict(part: Part) -> Iterator[str]:
    for eye in part.eyes:
        met = [
            sheet.shown.name
            for sheet, item in zip(part.sheets, _with(part, eye, READER), strict=True)
            if item.alike >= WANTED
        ]
        missed = len(part.sheets) - len(met)
        yield (
            f"By the {eye} eye class shares agree to {WANTED:.0%} for {', '.join(met) or 'none'}; "
            f"{missed} of {len(part.sheets)} miss it.\n"
        )
    for one, two in _pairs(part):
        between = [item.alike for item in _with(part, one, two)]
        yield (
            f"The {one} and the {two} eye agree with each other to {_range(between)}, "
            f"to {WANTED:.0%} for {sum(value >= WANTED for value in between)} of {len(between)}. "
            + _closer([*_with(part, one, READER), *_with(part, two, READER)], between)
        )


def _closer(ours: Sequence[Agreement], between: Sequence[float]) -> str:
    with_reader = [item.alike for item in ours]
    if min(between) > max(with_reader):
        return (
            f"Each time they are closer to each other than either ever is to the {READER} "
            f"({_range(with_reader)}): it is not the samples alone that make them differ from it.\n"
        )
    if sum(between) / len(between) > sum(with_reader) / len(with_reader):
        return f"That is more, but not for every model, than either agrees with the {READER} ({_range(with_reader)}).\n"
    return (
        f"That is no more than either agrees with the {READER} ({_range(with_reader)}): more than that cannot be had "
        "on such samples.\n"
    )


def _asked(part: Part) -> Iterator[str]:
    rows = []
    for sheet in part.sheets:
        if sheet.asked is None:
            continue
        for who in (*part.eyes, READER):
            labels = _labels(sheet, who)
            found = agreement(labels, sheet.asked)
            apart = _excess([shares(labels, of_all=True)], shares(sheet.asked))
            rows.append((sheet.shown.name, _named(who), percent(found.same_class), percent(found.alike), apart))
    if rows:
        yield (
            "Models that were asked for classes show who errs, as far as they draw what they are asked for. *As "
            "asked*: of what each can read; the last column is in points of the share of a label, over all images.\n"
        )
        yield from markdown_table(("model", "reader", "as asked", "class shares alike", "more than asked"), rows)


def _differences(part: Part) -> Iterator[str]:
    eyes = "the eyes' mean" if len(part.eyes) > 1 else "the eye"
    yield (
        f"Where they differ: points of the share of a label, over all images, that {eyes} has more than the {READER}, "
        "and the most frequent pairs of labels that differ, of images of which all eyes say the same.\n"
    )
    rows = []
    for sheet in part.sheets:
        eyes_shares = [shares(sheet.eyes[eye], of_all=True) for eye in part.eyes]
        agreed = [*zip(*(sheet.eyes[eye] for eye in part.eyes), strict=True)]
        pairs = Counter(
            (labels[0], read)
            for labels, read in zip(agreed, sheet.reader, strict=True)
            if len({*labels}) == 1 and labels[0] != read
        )
        told = ", ".join(f"`{one}` / `{other}`: {count}" for (one, other), count in pairs.most_common(SHOWN))
        rows.append((sheet.shown.name, _excess(eyes_shares, shares(sheet.reader, of_all=True)), told))
    yield from markdown_table(("model", "more by eye", f"eye / {READER}: images"), rows)


def _labels(sheet: Sheet, who: str) -> Labels:
    return sheet.reader if who == READER else sheet.eyes[who]


def _with(part: Part, one: str, two: str) -> list[Agreement]:
    return [agreement(_labels(sheet, one), _labels(sheet, two)) for sheet in part.sheets]


def _pairs(part: Part) -> list[tuple[str, str]]:
    return [*itertools.combinations(part.eyes, 2)]


def _named(who: str) -> str:
    return who if who == READER else f"{who} eye"


def _of_mean(sheet: Sheet, eyes: Sequence[str]) -> str:
    found = []
    for of_all in (False, True):
        mean = mean_shares([shares(sheet.eyes[eye], of_all=of_all) for eye in eyes])
        found.append(percent(alike(mean, shares(sheet.reader, of_all=of_all))))
    return f"{found[0]} ({found[1]})"


def _both(found: Agreement) -> str:
    return f"{percent(found.alike)} ({percent(found.alike_of_all)})"


def _excess(several: Sequence[Mapping[str, float]], other: Mapping[str, float]) -> str:
    """The labels whose shares differ most, in points."""
    mean = mean_shares(several)
    more = {label: mean.get(label, 0) - other.get(label, 0) for label in sorted({*mean, *other})}
    far = sorted(more.items(), key=lambda entry: -abs(entry[1]))[:SHOWN]
    return ", ".join(f"`{label}` {_signed(100 * points)}" for label, points in far if points)


def _range(values: Iterator[float] | Sequence[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return DASH
    low, high = percent(min(known)), percent(max(known))
    return low if low == high else f"{low} to {high}"


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", MINUS)


def percent(share: float) -> str:
    return DASH if math.isnan(share) else f"{share:.0%}"
