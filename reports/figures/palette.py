"""One style for each variant, the same everywhere in a report. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from ablations.config import Study
from reports.analysis.grouping import anchor

HUES = 7
"""Hues after Okabe and Ito (2008), told apart by colour-blind readers; `figure.css` has two tones of each."""


@dataclass(frozen=True)
class Style:
    hue: int
    """0 is ink, the colour of the text, for the reference; 1 to `HUES` are hues."""
    dash: int = 0
    """0 solid; more where a hue has to serve twice in a study: some figures draw all of its variants together."""

    @property
    def css(self) -> str:
        return f"c{self.hue}" + (f" d{min(self.dash, 2)}" if self.dash else "")


@functools.cache
def styles(study: Study) -> Mapping[str, Style]:
    """The anchor gets ink; each of the others a hue that no one has, or with the dash that makes it its own."""
    ink = anchor(study)
    given: dict[str, Style] = {ink: Style(0)} if ink else {}
    for variant in study.variants:
        if variant.name in given:
            continue
        place = sum(style.hue > 0 for style in given.values())
        given[variant.name] = Style(place % HUES + 1, place // HUES)
    return given
