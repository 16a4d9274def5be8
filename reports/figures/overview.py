"""One picture of a study: a row of digits for each variant, of the same seed and the same latents. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reports.analysis.findings import Findings
from reports.figures.sample_grids import data_uri, grid, png
from reports.figures.svg import figure, tag, text
from reports.words import number

DIGITS = 20
SIZE, LABEL, SCORE, ROW, TOP = 29, 120, 70, 34, 24


def overview(found: Findings, variants: Sequence[str]) -> Markup:
    """The first samples of the typical seed at the end of training, and each variant's median score."""
    chosen = {
        result.run.variant.name: result
        for result in found.results
        if result.run.seed == found.typical_seed and result.samples
    }
    shown = [name for name in variants if name in chosen]
    width, height = LABEL + DIGITS * SIZE + SCORE, TOP + ROW * len(shown)
    body = [
        text(f"samples of seed {found.typical_seed}, all variants on the same latents", LABEL, 12, "label"),
        text(f"{found.metric}, median", width, 12, "label", "end"),
    ]
    for index, name in enumerate(shown):
        result, y = chosen[name], TOP + ROW * index
        strip = grid(result.samples[max(result.samples)][:DIGITS], columns=DIGITS, rows=1)
        picture = data_uri(png(strip))
        body.append(text(name, 0, y + 19, "name"))
        scale = (SIZE - 1) / strip.shape[0]
        size = {"width": round(scale * strip.shape[1]), "height": SIZE - 1}
        body.append(tag("image", href=picture, x=LABEL, y=y, **size))
        median = found.spreads[name].median if name in found.spreads else float("nan")
        body.append(text(number(median), width, y + 19, "value", "end"))
    return figure(width, height, f"Samples of {len(shown)} variants", *body)
