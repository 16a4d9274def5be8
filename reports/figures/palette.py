"""One style for each variant, the same everywhere in a report. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from ablations.config import Study
from reports.analysis.grouping import anchor, axes

HUES = 7
"""Hues after Okabe and Ito (2008), told apart by colour-blind readers; `figure.css` has two tones of each."""


@dataclass(frozen=True)
class Style:
    hue: int
    """0 is ink, the colour of the text, for the reference; 1 to `HUES` are hues."""
    dash: int = 0
    """0 solid; more where a hue has to serve twice among variants that are drawn together."""

    @property
    def css(self) -> str:
        return f"c{self.hue}" + (f" d{min(self.dash, 2)}" if self.dash else "")


@functools.cache
def styles(study: Study) -> Mapping[str, Style]:
    """The anchor gets ink; the others the hue least used so far, of those free in all their axes."""
    ink = anchor(study)
    given: dict[str, Style] = {ink: Style(0)} if ink else {}
    groups = axes(study)
    for variant in study.variants:
        if variant.name in given:
            continue
        beside = [n for names in groups.values() if variant.name in names for n in names if n in given]
        used = [given[name] for name in beside]
        everywhere = [style.hue for style in given.values()]
        candidates = [Style(hue, dash) for dash in range(len(used) // HUES + 1) for hue in range(1, HUES + 1)]
        free = [style for style in candidates if style not in used]
        given[variant.name] = min(free, key=lambda style: (style.dash, everywhere.count(style.hue), style.hue))
    return given
