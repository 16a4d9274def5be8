"""Labels that readers made by eye of contact sheets, before the classifier's were seen; and how far all of them agree.

A folder a study holds its sheets, what they show (`sheets.json`), what is to be told of them (`about.md`), the classes
that were asked for (`NAME.asked.csv`), and a folder for each eye with its labels (`first/NAME.csv`).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ablations.config.errors import DataError
from ablations.scoring.certify.sheets import images_of
from ablations.scoring.certify.still_read import words
from ablations.scoring.features import Extractor

UNREADABLE = "-"
HEADER = ("image", "label")
FOLDER = "by_eye"
"""Of the sheets, in that of a certificate."""
FACTS, ABOUT = "sheets.json", "about.md"

Labels = Sequence[str]
"""A class or `UNREADABLE` for each image, in the order of the sheet."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Whose samples a sheet shows."""

    study: str
    variant: str
    seed: int
    step: int
    steps: int
    """Of the whole training."""

    @property
    def name(self) -> str:
        """Of the sheet."""
        seed = f"-seed-{self.seed}" if self.seed else ""
        return f"{self.variant}{seed}" + (f"-step-{self.step}" if self.step != self.steps else "")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The images of one model, and what everyone reads in them."""

    shown: Shown
    eyes: Mapping[str, Labels]
    """By the name of who looked."""
    reader: Labels
    """What the classifier reads."""
    asked: Labels | None = None
    """The classes that the model was asked for, if any."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The sheets of one folder."""

    name: str
    about: str
    """Markdown: who looked at what, and when."""
    sheets: tuple[Sheet, ...]

    @property
    def eyes(self) -> tuple[str, ...]:
        """Who labelled all of its sheets."""
        return tuple(eye for eye in self.sheets[0].eyes if all(eye in sheet.eyes for sheet in self.sheets))


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two readers' labels of the same images."""

    same: float
    """Share of images that both give the same label, or both call unreadable."""
    same_class: float
    """Share with the same class among the images that both can read; NaN where there are none."""
    alike: float
    """One minus the total variation distance of the class shares over what each can read: 1 alike, 0 nothing in common;
    NaN where one can read nothing."""
    alike_of_all: float
    """The same over all images, with `UNREADABLE` as a class."""


def agreement(one: Labels, other: Labels) -> Agreement:
    pairs = [*zip(one, other, strict=True)]
    both = [pair for pair in pairs if UNREADABLE not in pair]
    return Agreement(
        same=sum(ours == theirs for ours, theirs in pairs) / len(pairs),
        same_class=sum(ours == theirs for ours, theirs in both) / len(both) if both else math.nan,
        alike=alike(shares(one), shares(other)),
        alike_of_all=alike(shares(one, of_all=True), shares(other, of_all=True)),
    )


def shares(labels: Labels, *, of_all: bool = False) -> dict[str, float]:
    """The share of each class over what can be read, as in all scores, or of each label over all images."""
    counted = Counter(label for label in labels if of_all or label != UNREADABLE)
    return {label: count / counted.total() for label, count in counted.items()}


def mean_shares(several: Sequence[Mapping[str, float]]) -> dict[str, float]:
    labels = {label for one in several for label in one}
    return {label: math.fsum(one.get(label, 0) for one in several) / len(several) for label in sorted(labels)}


def alike(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """One minus their total variation distance; NaN where one of them is of nothing."""
    if not one or not other:
        return math.nan
    return 1 - math.fsum(abs(one.get(label, 0) - other.get(label, 0)) for label in {*one, *other}) / 2


def read_labels(text: str) -> tuple[str, ...]:
    """The labels of a CSV file: a class or `UNREADABLE` for each image, in the order of the sheet.

    Raises:
        DataError: something else stands there.
    """
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
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


def facts_with(folder: Path, shown: Shown) -> bytes:
    """The content of `FACTS` in a folder of sheets when one more is drawn."""
    known = {item.name: item for item in _facts(folder)} | {shown.name: shown}
    return (json.dumps([asdict(item) for item in known.values()], indent=1) + "\n").encode()


def published(folder: Path, reader: Extractor) -> tuple[Part, ...]:
    """All parts of a folder, each with the sheets that somebody has labelled; parts that nobody has are left out.

    Raises:
        DataError: labels in another form, or of another number of images than the sheet has.
    """
    parts = []
    for file in sorted(folder.glob(f"*/{FACTS}")):
        sheets = tuple(_sheets(file.parent, reader))
        about = file.with_name(ABOUT)
        if sheets:
            text = about.read_text() if about.exists() else ""
            parts.append(Part(name=file.parent.name, about=text, sheets=sheets))
    return tuple(parts)


def _sheets(folder: Path, reader: Extractor) -> Iterator[Sheet]:
    for shown in _facts(folder):
        labelled = sorted(folder.glob(f"*/{shown.name}.csv"))
        if not labelled:
            continue
        told = folder / f"{shown.name}.asked.csv"
        read = words(reader.features(images_of((folder / f"{shown.name}.png").read_bytes())))
        eyes = {file.parent.name: read_labels(file.read_text()) for file in labelled}
        for eye, labels in eyes.items():
            if len(labels) != len(read):
                raise DataError(f"{folder / eye / shown.name}.csv has {len(labels)} labels for {len(read)} images")
        asked = read_labels(told.read_text()) if told.exists() else None
        yield Sheet(shown=shown, eyes=eyes, reader=read, asked=asked)


def _facts(folder: Path) -> tuple[Shown, ...]:
    file = folder / FACTS
    return tuple(Shown(**item) for item in json.loads(file.read_text())) if file.exists() else ()
