"""One picture of a study: a row of samples for each variant, of the same seed and the same latents. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from markupsafe import Markup

from reports.analysis.findings import Findings
from reports.figures.sample_grids import data_uri, grid, png
from reports.figures.svg import figure, tag, text
from reports.numbers import number

IMAGES = 20
LABEL, SCORE, GAP, TOP = 120, 90, 6, 24


def overview(found: Findings, variants: Sequence[str]) -> Markup:
    """The first samples of the typical seed at the end of training, and each variant's median score, the best first."""
    chosen = found.pictured
    shown = sorted((name for name in variants if name in chosen), key=partial(_median, found))
    strips = [grid(chosen[name].samples[max(chosen[name].samples)], columns=IMAGES, rows=1) for name in shown]
    high, wide = max((strip.shape[:2] for strip in strips), default=(0, 0))
    row, width = high + GAP, LABEL + wide + SCORE
    body = [
        text(f"samples of seed {found.typical_seed}, all variants on the same latents", LABEL, 12, "label"),
        text(f"{found.metric}, median", width, 12, "label", "end"),
    ]
    for index, (name, strip) in enumerate(zip(shown, strips, strict=True)):
        y = TOP + row * index
        body.append(text(name, 0, y + high / 2 + 5, "name"))
        body.append(tag("image", href=data_uri(png(strip)), x=LABEL, y=y, width=strip.shape[1], height=strip.shape[0]))
        body.append(text(_said(found, name), width, y + high / 2 + 5, "value", "end"))
    return figure(width, TOP + row * len(shown), f"Samples of {len(shown)} variants", *body)


def _median(found: Findings, name: str) -> float:
    return found.spreads[name].median if name in found.spreads else math.inf


def _said(found: Findings, name: str) -> str:
    """The median score; of a variant where that is of a run without one, how many of its runs have none."""
    median = _median(found, name)
    lost = next((item for item in found.failures if item.variant == name), None)
    return number(median) if math.isfinite(median) or lost is None else f"{lost.failed} of {lost.total} lost"
