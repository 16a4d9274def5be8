"""What lies beside the page: frames as CSV and Parquet, figures as SVG and PNG, sample grids. Pure: name to bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from reports.analysis.agreement import Answer
from reports.analysis.factorial import effects_frame
from reports.analysis.findings import Findings
from reports.analysis.lengths import Course
from reports.analysis.variance import variance_frame
from reports.figures.css import SHEET
from reports.figures.legend import with_legend
from reports.figures.palette import styles
from reports.figures.raster import rasterize
from reports.figures.sample_grids import grid, png
from reports.figures.svg import BOX, size_of
from reports.pages.claim_rows import claims_frame
from reports.pages.rendering import slug
from reports.pages.sections import Axis

ROOM = 16
PICTURED = 10
"""Axes up to which each figure is painted as a picture too, which takes a tenth of a second."""
CROWDED = 60
"""Variants: the lines of more are too many to be told apart in a picture, and cost a fifth of the report's time."""
TALLEST = 3_000
"""In CSS pixels."""
COLUMNS = (
    "effect", "error", "percent", "reference_mean", "treatment_scores", "reference_scores", "wins", "superiority",
    "p_difference", "p_equivalence", "p_statuses", "margin", "rests_on", "pairing_saved", "detectable",
    "seeds_for_margin",
)  # fmt: skip


def tables(found: Findings) -> dict[str, bytes]:
    frames = {
        "contrasts": contrasts_frame(found.answers, found.courses),
        "runs": found.runs,
        "evaluations": found.evaluations,
        "curves": found.curves,
        "cost": found.cost,
    }
    if found.claims:
        frames["claims"] = claims_frame(found.claims)
    if found.effects:
        frames["effects"] = effects_frame(found.effects)
    if found.variance:
        frames["variance"] = variance_frame(found.variance)
    contents: dict[str, bytes] = {}
    for name, frame in frames.items():
        contents[f"{name}.csv"] = frame.to_csv(index=False).encode()
        contents[f"{name}.parquet"] = frame.to_parquet(index=False)
    return contents


def contrasts_frame(answers: Sequence[Answer], courses: Sequence[Course | None]) -> pd.DataFrame:
    """One row a contrast, all its numbers; `margin` is the least difference that matters, in units of the score.

    The columns of a part, such as `frechet_effect`, are those of the same contrast by another score.
    """
    rows = []
    for answer, course in zip(answers, courses, strict=True):
        item, contrast = answer.main, answer.main.contrast
        row: dict[str, Any] = {"axis": contrast.axis, "question": contrast.question, "verdict": item.verdict}
        row |= {"treatment": contrast.treatment, "reference": contrast.reference, "claims": " ".join(contrast.claims)}
        row |= {"low": item.interval.low, "high": item.interval.high}
        row |= {name: getattr(item, name) for name in COLUMNS}
        row |= {"depends_on": answer.depends_on, "steps": course.said.steps if course else None}
        row |= {
            "along_training": course.said.sentence if course else "",
            "flips_late": bool(course and course.said.flips_late),
        }
        for split in answer.splits:
            for name, part in split.parts.items():
                row |= {f"{name}_effect": part.effect, f"{name}_low": part.interval.low}
                row |= {f"{name}_high": part.interval.high, f"{name}_verdict": part.verdict}
        rows.append(row)
    return pd.DataFrame(rows)


def figures(found: Findings, whole: Mapping[str, Markup], axes: list[Axis]) -> dict[str, bytes]:
    """Files that stand alone, lines named: SVG in light and dark, and PNG of those that are not for a narrow page.

    Of a study with more than `PICTURED` axes, or `CROWDED` variants, only the figures of the whole study are there as
    PNG, unless they are higher than `TALLEST`.
    `whole` are figures of the whole study by their names; an axis' are named by its name and theirs.
    """
    named = dict(whole)
    if "profile" in named:
        named["profile"] = with_legend(named["profile"], [*found.scores], styles(found.study))
    for axis in axes:
        for name, figure in axis.figures.items():
            named[f"{axis.name} {name}".strip()] = with_legend(figure, axis.variants, styles(found.study))
    contents = {f"figures/{slug(name)}.svg": standalone(figure) for name, figure in named.items()}
    few = len(axes) <= PICTURED and len(found.study.variants) <= CROWDED
    pictured = named if few else {name: named[name] for name in whole}
    wide = {
        name: figure
        for name, figure in pictured.items()
        if not name.endswith("narrow") and size_of(figure)[1] <= TALLEST
    }
    return contents | {f"figures/{slug(name)}.png": rasterize(figure) for name, figure in wide.items()}


def samples(found: Findings) -> dict[str, bytes]:
    """The last sample grid of the typical seed of every variant."""
    last = {name: result.samples[max(result.samples)] for name, result in found.pictured.items()}
    return {f"samples/{name}.png": png(grid(images, found.columns)) for name, images in last.items()}


def standalone(figure: Markup) -> bytes:
    """A figure of the page as a file of its own: with its size, some room around it, and its colours."""
    width, height = (side + 2 * ROOM for side in size_of(figure))
    box = f'viewBox="{-ROOM} {-ROOM} {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    page = ".figure { background: var(--paper); font-family: system-ui, sans-serif; }"
    style = f"<style>{SHEET.read_text(encoding='utf-8')}{page}</style>"
    whole = BOX.sub(f'xmlns="http://www.w3.org/2000/svg" {box}', str(figure), count=1)
    return whole.replace(">", f">{style}", 1).encode()
