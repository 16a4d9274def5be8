"""Contact sheets that are labelled by eye, before the reader's labels are seen; then how far the two agree."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablations.config.errors import DataError
from ablations.scoring.certify.markdown import markdown_table
from ablations.scoring.certify.sheets import images_of
from ablations.scoring.certify.still_read import words
from ablations.scoring.features import Extractor
from reports.words import DASH, MINUS

UNREADABLE = "-"
HEADER = ("image", "label")
FOLDER = "by_eye"
"""Of the sheets, in that of a certificate."""

WANTED = 0.9
"""The agreement of class shares that was asked for beforehand."""

SHOWN = 3
"""Differences of a model that are named."""

HEAD = """# Read by eye

Samples of six variants of the study `quick`, seed 0, at the end of its 2,000 steps: 200 of the 10,000 that are scored,
drawn at random. One reader, a vision model, labelled them from the enlarged sheets (`enlarged/`, four times their size,
numbered), once, before the classifier's labels were computed: the labels stand in a commit of their own. A label is a
digit, or - where none could be read. The samples are of short trainings, and many are half-formed: their labels are
guesses, and how far this reader would agree with itself is not known. An earlier reading, quicker and of other samples,
agreed in the class shares to 75% (baseline), 84% (cnn), 90% (conditional) and 81% (sigmoid). `ablations by-eye --runs
STORE --variant NAME` draws the sheets, `ablations by-eye` makes this page.

*Same label*: of all images, - being a label too. *Same class*: of the images in which both read a digit. *Class shares
alike*: one minus the total variation distance of the class shares; images that a reader calls - are left out of its
shares, as in all scores, or, in the last column, count as an eleventh class.
"""


def read_labels(text: str) -> tuple[str, ...]:
    """The labels of a CSV file: a class or `UNREADABLE` for each image, in the order of the sheet.

    Raises:
        DataError: something else stands there.
    """
    rows = list(csv.reader(io.StringIO(text)))
    labels = tuple(row[-1] for row in rows[1:])
    known = all(label == UNREADABLE or label.isdigit() for label in labels)
    if (
        not rows
        or tuple(rows[0]) != HEADER
        or not known
        or [row[0] for row in rows[1:]] != [*map(str, range(len(labels)))]
    ):
        raise DataError(f"labels by eye are lines of {','.join(HEADER)}, numbered from 0; a label is a digit or -")
    return labels


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Labels by eye against the reader's, of the same images."""

    images: int
    same: float
    """Share of images that both give the same label, or both call unreadable."""
    readable_by_eye: float
    readable_by_reader: float
    same_class: float
    """Share with the same class among the images that both can read; NaN where there are none."""
    eye_as_asked: float
    reader_as_asked: float
    """Of what each can read, the share of the class that the model was asked for; NaN where none was asked for."""
    apart: float
    """Total variation distance of the class shares over what each can read: 0 alike, 1 nothing in common."""
    apart_of_all: float
    """The same over all images, with `UNREADABLE` as a class."""
    excess: Mapping[str, float]
    """By how much the eye's share of each label, over all images, exceeds the reader's."""
    confused: Mapping[tuple[str, str], int]
    """How many images have one label by eye and another by the reader, the most frequent pairs first."""


def agreement(eye: Sequence[str], reader: Sequence[str], asked: Sequence[str] | None = None) -> Agreement:
    """From a label for each image, a class or `UNREADABLE`, and the classes that were asked for, if any."""
    ours, theirs = np.array([*eye]), np.array([*reader])
    wanted = None if asked is None else np.array([*asked])
    seen, read = ours != UNREADABLE, theirs != UNREADABLE
    both = seen & read
    return Agreement(
        images=len(ours),
        same=float((ours == theirs).mean()),
        readable_by_eye=float(seen.mean()),
        readable_by_reader=float(read.mean()),
        same_class=float((ours == theirs)[both].mean()) if both.any() else float("nan"),
        eye_as_asked=_as_asked(ours, wanted),
        reader_as_asked=_as_asked(theirs, wanted),
        apart=_apart(ours[seen], theirs[read]),
        apart_of_all=_apart(ours, theirs),
        excess={label: float((ours == label).mean() - (theirs == label).mean()) for label in sorted({*eye, *reader})},
        confused=dict(Counter(pair for pair in zip(eye, reader, strict=True) if pair[0] != pair[1]).most_common()),
    )


def published(folder: Path, reader: Extractor) -> dict[str, Agreement]:
    """The agreement on each sheet of a folder, by its name; the labels lie beside it."""
    found = {}
    for file in sorted(folder.glob("*.png")):
        eye = read_labels(file.with_suffix(".csv").read_text())
        told = file.with_suffix(".asked.csv")
        asked = read_labels(told.read_text()) if told.exists() else None
        found[file.stem] = agreement(eye, words(reader.features(images_of(file.read_bytes()))), asked)
    return found


def markdown(found: Mapping[str, Agreement]) -> str:
    """The page of a folder of sheets."""
    rows = [
        (
            f"[{name}]({name}.png)",
            f"[{item.images}]({name}.csv)",
            *map(percent, (item.same, item.readable_by_eye, item.readable_by_reader, item.same_class)),
            percent(1 - item.apart),
            percent(1 - item.apart_of_all),
        )
        for name, item in found.items()
    ]
    header = ("model", "images", "same label", "readable by eye", "by the classifier", "same class where both read")
    table = markdown_table((*header, "class shares alike", "with - as a class"), rows, right=True)
    return "\n".join([HEAD, *table, *_verdict(found), *_differences(found)])


def _verdict(found: Mapping[str, Agreement]) -> Iterator[str]:
    alike = [name for name, item in found.items() if item.apart <= 1 - WANTED]
    neither = [name for name, item in found.items() if item.readable_by_eye == 0 == item.readable_by_reader]
    yield (
        f"Wanted was that class shares agree to {WANTED:.0%}. That holds of {', '.join(alike) or 'none'}"
        + (f", and of {', '.join(neither)}, where both read nothing" if neither else "")
        + f"; {len(found) - len(alike) - len(neither)} of {len(found)} miss it.\n"
    )
    for name, item in found.items():
        if not math.isnan(item.eye_as_asked):
            yield (
                f"`{name}` was asked for classes: {percent(item.eye_as_asked)} of what the eye read and "
                f"{percent(item.reader_as_asked)} of what the classifier read is the class asked for.\n"
            )


def _differences(found: Mapping[str, Agreement]) -> Iterator[str]:
    yield "## Where they differ\n"
    yield "Points of the share of a label, over all images, and the most frequent pairs of labels that differ.\n"
    rows = []
    for name, item in found.items():
        far = sorted(item.excess.items(), key=lambda entry: -abs(entry[1]))[:SHOWN]
        shares = ", ".join(f"`{label}` {_signed(100 * more)}" for label, more in far if more)
        pairs = ", ".join(f"`{one}` / `{other}`: {count}" for (one, other), count in [*item.confused.items()][:SHOWN])
        rows.append((name, shares, pairs))
    yield from markdown_table(("model", "more by eye than by the classifier", "eye / classifier: images"), rows)


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", MINUS)


def percent(share: float) -> str:
    return DASH if math.isnan(share) else f"{share:.0%}"


def _as_asked(labels: NDArray[np.str_], asked: NDArray[np.str_] | None) -> float:
    read = labels != UNREADABLE
    return float("nan") if asked is None or not read.any() else float((labels == asked)[read].mean())


def _apart(ours: NDArray[np.str_], theirs: NDArray[np.str_]) -> float:
    if not len(ours) or not len(theirs):
        return float("nan")
    classes = sorted({*ours, *theirs})
    return float(sum(abs((ours == label).mean() - (theirs == label).mean()) for label in classes) / 2)
