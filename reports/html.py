"""One self-contained HTML page for a study, with Markdown and CSV beside it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd

from ablations.errors import UserError
from reports import sections, words
from reports.figures import forest, strips
from reports.findings import Findings, environment, find
from reports.palette import anchor
from reports.statistics import Comparison

if TYPE_CHECKING:
    from ablations.store import StoredStudy

TEMPLATES = Path(__file__).parent / "templates"
SYMBOLS = {
    "better": "\N{CHECK MARK}",
    "worse": "\N{MULTIPLICATION X}",
    "equivalent": "\N{ALMOST EQUAL TO}",
    "no difference shown": "?",
    "too few seeds": "\N{HORIZONTAL ELLIPSIS}",
}


def build(stored: StoredStudy, out: Path, *, noise_floor: float | None = None) -> Path:
    """Write `report.html`, `report.md` and the frames as CSV into the folder `out`; returns the path of the page.

    Raises:
        StoreError: no run of the study is stored.
        UserError: the folder cannot be written.
    """
    found = find(stored, noise_floor=noise_floor)
    context = page(found)
    files = {
        "report.html": _environment(escape=True).get_template("report.html.j2").render(context),
        "report.md": _environment(escape=False).get_template("report.md.j2").render(context),
        "contrasts.csv": contrasts_frame(found.comparisons).to_csv(index=False),
        "runs.csv": found.runs.to_csv(index=False),
        "evaluations.csv": found.evaluations.to_csv(index=False),
        "curves.csv": found.curves.to_csv(index=False),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write the report into {out}: {error.strerror or error}; choose another --out"
        ) from error
    return out / "report.html"


def page(found: Findings) -> dict[str, Any]:
    """What the templates show."""
    grids, points = sections.grids(found)
    scored = [name for name, item in found.spreads.items() if math.isfinite(item.median)]
    center = anchor(found.study)
    reference = found.study.variant(center) if center else None
    present = [variant for variant in found.study.variants if variant.name in set(found.runs.variant)]
    return {
        "found": found,
        "study": found.study,
        "metric": found.metric,
        "images": _images(found.metric),
        "rules": found.rules,
        "symbols": SYMBOLS,
        "words": words,
        "tally": words.tally(found.comparisons),
        "best": min(scored, key=lambda name: found.spreads[name].median, default=None),
        "reference": reference.name if reference else None,
        "forest": [
            forest(found.comparisons, found.styles, metric=found.metric, floor=found.rules.noise_floor, narrow=n)
            for n in (False, True)
        ],
        "strips": [strips(found.scores, found.styles, metric=found.metric, narrow=n) for n in (False, True)],
        "grids": grids,
        "points": points,
        "axes": [
            sections.axis(found, name, [v for v in variants if v in found.scores])
            for name, variants in found.axes.items()
        ],
        "variants": [_variant_row(found, variant, reference) for variant in present],
        "runs": [row for _, row in found.runs.iterrows()],
        "classes": sections.class_shares(found),
        "others": sections.other_metrics(found),
        "environment": environment(found.results),
        "digests": _digests(found),
    }


def contrasts_frame(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """One row a contrast, all its numbers."""
    plain = (
        "pairs", "wins", "reference_mean", "mean", "median", "percent", "unscored_treatment", "unscored_reference",
        "p_student", "p_signed_rank", "p_signed_rank_least", "p_sign_flip", "p_unscored", "p", "p_holm",
        "p_equivalence", "seeds_needed",
    )  # fmt: skip
    rows = []
    for item in comparisons:
        contrast = item.contrast
        row: dict[str, Any] = {"axis": contrast.axis, "question": contrast.question, "verdict": item.verdict}
        row |= {"treatment": contrast.treatment, "reference": contrast.reference, "claims": " ".join(contrast.claims)}
        row |= {name: getattr(item, name) for name in plain} | {"superiority": item.superiority}
        for name in ("interval", "student", "bootstrap"):
            bounds = getattr(item, name)
            row |= {f"{name}_low": bounds.low, f"{name}_high": bounds.high, f"{name}_method": bounds.method}
        rows.append(row)
    return pd.DataFrame(rows)


def _variant_row(found: Findings, variant: Any, reference: Any) -> dict[str, Any]:
    own = found.runs[found.runs.variant == variant.name]
    seconds = own.train_seconds.sum()
    return {
        "name": variant.name,
        "css": found.styles[variant.name].css,
        "about": sections.differences(variant, reference) if reference else sections.describe(variant),
        "spread": found.spreads.get(variant.name),
        "runs": len(own),
        "finished": int((own.status == "finished").sum()),
        "seconds": float(own.train_seconds.mean()),
        "speed": float(own.last_step.sum() / seconds) if seconds > 0 else math.nan,
        "command": sections.command(found, variant),
    }


def _digests(found: Findings) -> dict[str, str]:
    runs = [result.run for result in found.results]
    facts = {
        "data set": [f"{run.dataset}, SHA-256 {run.data_digest}" for run in runs],
        "classifier, SHA-256": [run.classifier_digest for run in runs],
        "source that trains, SHA-256": [run.source_digest for run in runs],
        "engine": [f"{run.engine.device}, {run.engine.precision}, {run.engine.threads} thread(s)" for run in runs],
        "seeds in a stack": [str(run.width) for run in runs],
    }
    return {name: ", ".join(sorted(set(values))) for name, values in facts.items()}


def _images(metric: str) -> str:
    """The number of samples that the metric's name states: "10k" is 10,000."""
    size = metric.removeprefix("frechet_").partition("_")[0]
    written = size.removesuffix("k")
    return f"{int(written) * (1_000 if size.endswith('k') else 1):,}" if written.isdigit() else size


def _environment(*, escape: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
