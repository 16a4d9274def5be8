"""What lies beside the page: frames as CSV, figures as SVG files, sample grids as PNG files. Pure: name to bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from reports.cost import cost_frame
from reports.findings import Findings
from reports.pictures import grid, png
from reports.sections import Axis
from reports.statistics import Comparison
from reports.variance import variance_frame

ROOM = 16
STYLE = Path(__file__).parent / "templates" / "figure.css"
COLUMNS = (
    "pairs", "wins", "superiority", "reference_mean", "mean", "median", "percent", "unscored_treatment",
    "unscored_reference", "p_student", "p_signed_rank", "p_signed_rank_least", "p_sign_flip", "p_unscored", "p",
    "p_holm", "p_equivalence", "seeds_needed",
)  # fmt: skip


def tables(found: Findings) -> dict[str, bytes]:
    frames = {
        "contrasts.csv": contrasts_frame(found.comparisons),
        "runs.csv": found.runs,
        "evaluations.csv": found.evaluations,
        "curves.csv": found.curves,
        "cost.csv": cost_frame(found.runs),
    }
    if found.variance:
        frames["variance.csv"] = variance_frame(found.variance)
    return {name: frame.to_csv(index=False).encode() for name, frame in frames.items()}


def contrasts_frame(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """One row a contrast, all its numbers."""
    rows = []
    for item in comparisons:
        contrast = item.contrast
        row: dict[str, Any] = {"axis": contrast.axis, "question": contrast.question, "verdict": item.verdict}
        row |= {"treatment": contrast.treatment, "reference": contrast.reference, "claims": " ".join(contrast.claims)}
        row |= {name: getattr(item, name) for name in COLUMNS}
        for name in ("interval", "student", "bootstrap"):
            bounds = getattr(item, name)
            row |= {f"{name}_low": bounds.low, f"{name}_high": bounds.high, f"{name}_method": bounds.method}
        rows.append(row)
    return pd.DataFrame(rows)


def figures(whole: Mapping[str, Markup], axes: list[Axis]) -> dict[str, bytes]:
    """SVG files that stand alone, in light and dark: `whole` by its names, an axis' figures by its name and theirs."""
    named = dict(whole)
    for axis in axes:
        for name, figure in axis.figures.items():
            named[f"{axis.name} {name}".strip()] = figure
    return {f"figures/{slug(name)}.svg": standalone(figure) for name, figure in named.items()}


def samples(found: Findings) -> dict[str, bytes]:
    """The last sample grid of the typical seed of every variant."""
    chosen = [result for result in found.results if result.run.seed == found.typical_seed and result.samples]
    return {
        f"samples/{result.run.variant.name}.png": png(grid(result.samples[max(result.samples)])) for result in chosen
    }


def standalone(figure: Markup) -> bytes:
    """A figure of the page as a file of its own: with its size, some room around it, and its colours."""
    size = re.search(r'viewBox="0 0 (\S+) (\S+)"', figure)
    assert size is not None, "every figure has a view box"
    width, height = (float(side) + 2 * ROOM for side in size.groups())
    box = f'viewBox="{-ROOM} {-ROOM} {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    page = ".figure { background: var(--paper); font-family: system-ui, sans-serif; }"
    style = f"<style>{STYLE.read_text(encoding='utf-8')}{page}</style>"
    whole = str(figure).replace(size[0], f'xmlns="http://www.w3.org/2000/svg" {box}', 1)
    return whole.replace(">", f">{style}", 1).encode()


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
