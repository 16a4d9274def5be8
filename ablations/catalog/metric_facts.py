"""What is known of a metric, and how the numbers of images that it is taken of become part of its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Direction = Literal["lower", "higher", "neither"]
Tier = Literal["quick", "full"]
Needs = Literal["features", "classes"]
Response = Literal["rises", "falls", "stays"]

SCORES, SHARES, REPEATS = "score", "share of samples", "the score again"
"""Sections of MLflow's charts."""
ENDING = re.compile(r"_(\d+)(k?)(_vs_\d+k?)?$")
"""The protocol at the end of a counted metric's name: how many samples, and of how many references if not as many."""


EXTRACTORS: Mapping[str, str] = {"reader": "", "contrastive": "label-free features"}
"""The kinds of features, and how a metric's label tells them apart."""
BOTH = tuple(EXTRACTORS)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A row: all that is known of one number, or of one for each class."""

    name: str
    """Without its protocol; `{}` stands for a number, such as that of a class."""
    label: str
    """As a heading of a report."""
    about: str
    """What it is, in a sentence."""
    unit: str
    """Its unit, or the range of its values and what the ends mean."""
    better: Direction
    digits: int = 3
    """Significant ones, where it is shown."""
    of: Literal["images", "model", "clock"] = "images"
    """images: the suite takes it, of any images; model: it takes the model as well; clock: it is a fact of the run."""
    needs: Needs = "features"
    """features: any will do; classes: the data must have classes, and the reader must be among the extractors."""
    extractors: tuple[str, ...] = ("reader",)
    """By whose features it is taken. By any but the first of them its name begins with the extractor's."""
    counted: bool = False
    """It depends on how many samples it is taken of, so its name ends in that: `frechet` is `frechet_10k`."""
    tier: Tier = "quick"
    """quick: at every evaluation; full: on request, for it takes seconds."""
    conditional: bool = False
    """Needs the classes that were asked for."""
    group: str = SCORES
    """The section of MLflow's charts that has it."""
    detail: bool = False
    """A bound, an error or a part of another metric: no row of a report's tables."""
    about_copies: bool = False
    """It compares with the training images, which are copies of themselves: of those it says nothing."""
    left_out: str = ""
    """Why it carries no verdict: what the lines of the certificate (`ablations certify`) show that it fails."""
    rises: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    """What the damages of the certificate must do to it, by their names; the others may do anything."""

    @property
    def many(self) -> bool:
        """It stands for several numbers, such as one for each class."""
        return "{}" in self.name

    def must(self, damage: str) -> Response | None:
        """What a damage of the certificate must do to it; None: it may do anything."""
        if damage in self.rises:
            return "rises"
        if damage in self.falls:
            return "falls"
        return "stays" if damage in self.stays else None

    def named(self, samples: int, references: int) -> str:
        """Its name in a result: with the protocol, if it is counted."""
        return f"{self.name}_{protocol(samples, references)}" if self.counted else self.name


def of_extractor(row: Metric, extractor: str) -> Metric:
    """The row of the same metric by another kind of features."""
    if extractor == row.extractors[0]:
        return row
    words = EXTRACTORS.get(extractor, f"features of {extractor}")
    return replace(row, name=f"{extractor}_{row.name}", label=f"{row.label}, {words}")


def protocol(samples: int, references: int) -> str:
    """The ending of a counted metric's name: `10k`, `500`, or, where samples and references differ, `500_vs_10k`."""
    ours, theirs = (f"{n // 1000}k" if n % 1000 == 0 else str(n) for n in (samples, references))
    return ours if ours == theirs else f"{ours}_vs_{theirs}"


def samples_of(name: str) -> int | None:
    """How many samples a counted metric's name says it is taken of; None where it does not say."""
    ending = ENDING.search(name)
    return int(ending[1]) * (1000 if ending[2] else 1) if ending else None
