"""One self-contained HTML page for a study, with Markdown and CSV beside it."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from ablations.config.description import describe, differences
from ablations.config.errors import UserError
from reports import words
from reports.analysis.factorial import factors
from reports.analysis.findings import Findings, environment, find
from reports.analysis.grouping import anchor
from reports.analysis.seconds import cost_frame, total_seconds
from reports.analysis.variance import SOURCES
from reports.figures.palette import styles
from reports.figures.study_figures import contrast_rows, effect_rows, forest, strips
from reports.pages import attachments as files
from reports.pages import sections
from reports.pages.command_line import command

if TYPE_CHECKING:
    from ablations.store import StoredStudy

TEMPLATES = Path(__file__).parents[1] / "templates"
SYMBOLS = {
    "better": "\N{CHECK MARK}",
    "worse": "\N{MULTIPLICATION X}",
    "equivalent": "\N{ALMOST EQUAL TO}",
    "no difference shown": "?",
    "too few seeds": "\N{HORIZONTAL ELLIPSIS}",
}


def build(stored: StoredStudy, out: Path, *, noise_floor: float | None = None) -> Path:
    """Write `report.html` into the folder `out`, and Markdown, tables, figures and samples beside it; returns its path.

    Raises:
        StoreError: no run of the study is stored.
        UserError: the folder cannot be written.
    """
    return write(find(stored, noise_floor=noise_floor), out)


def write(found: Findings, out: Path) -> Path:
    """`build` for findings at hand.

    Raises:
        UserError: the folder cannot be written.
    """
    context = page(found)
    contents = {
        "report.html": environment_of(escape=True).get_template("report.html.j2").render(context).encode(),
        "report.md": environment_of(escape=False).get_template("report.md.j2").render(context).encode(),
    }
    contents |= files.tables(found) | files.figures(found, context["figures"], context["axes"]) | files.samples(found)
    try:
        for name, content in contents.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
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
    if center is None and found.effects:
        center = found.study.variants[0].name
    reference = found.study.variant(center) if center else None
    present = [variant for variant in found.study.variants if variant.name in set(found.runs.variant)]
    return {
        "found": found,
        "styles": styles(found.study),
        "study": found.study,
        "metric": found.metric,
        "images": _images(found.metric),
        "rules": found.rules,
        "symbols": SYMBOLS,
        "words": words,
        "tally": words.tally(found.comparisons),
        "best": min(scored, key=lambda name: found.spreads[name].median, default=None),
        "reference": reference.name if reference else None,
        "figures": _figures(found),
        "grids": grids,
        "points": points,
        "axes": [
            sections.axis(found, name, [v for v in variants if v in found.scores])
            for name, variants in found.axes.items()
        ],
        "variants": [_variant_row(found, variant, reference) for variant in present],
        "runs": [row for _, row in found.runs.iterrows()],
        "sources": SOURCES,
        "factors": len(factors(found.study)),
        "classes": sections.class_shares(found),
        "others": sections.other_metrics(found),
        "cost": _cost(found, center),
        "environment": environment(found.results),
        "digests": _digests(found),
    }


def _figures(found: Findings) -> dict[str, Markup]:
    """Those of the whole study, each for a wide and for a narrow page."""
    figures = {"profile": sections.profile_figure(found)}
    for suffix, narrow in (("", False), (" narrow", True)):
        draw = partial(forest, metric=found.metric, floor=found.rules.noise_floor, narrow=narrow)
        contrasts = contrast_rows(found.comparisons, styles(found.study))
        figures[f"forest{suffix}"] = draw(contrasts, of=f"treatment {words.MINUS} reference")
        if found.effects:
            figures[f"factors{suffix}"] = draw(effect_rows(found.effects), of="averaged over the other factors")
        figures[f"seeds{suffix}"] = strips(found.scores, styles(found.study), metric=found.metric, narrow=narrow)
    return figures


def _variant_row(found: Findings, variant: Any, reference: Any) -> dict[str, Any]:
    own = found.runs[found.runs.variant == variant.name]
    return {
        "name": variant.name,
        "css": styles(found.study)[variant.name].css,
        "about": differences(variant, reference) if reference else describe(variant),
        "spread": found.spreads.get(variant.name),
        "runs": len(own),
        "finished": int((own.status == "finished").sum()),
        "command": command(found, variant),
    }


def _cost(found: Findings, reference: str | None) -> dict[str, Any]:
    """What the study cost: in all, and a row for each variant, with how many times the reference's step it takes."""
    frame = cost_frame(found.runs)
    train, evaluation = total_seconds(found.runs)
    base = frame.step_ms[frame.variant == reference]
    frame["times"] = frame.step_ms / base.iloc[0] if len(base) else math.nan
    frame["share"] = frame.total_seconds / (train + evaluation) if train + evaluation else math.nan
    facts = environment(found.results)
    engines = {(r.run.engine.device, r.run.engine.threads) for r in found.results}
    threads = {f"{count} thread{'s' if count > 1 else ''} a process" for device, count in engines if device == "cpu"}
    where = [facts[name] for name in ("gpu", "cpu") if name in facts][:1] + sorted(threads)
    return {
        "rows": [row for _, row in frame.iterrows()],
        "train": train,
        "evaluation": evaluation,
        "where": ", ".join(where),
    }


def _digests(found: Findings) -> dict[str, str]:
    runs = [result.run for result in found.results]
    facts = {
        "data set": [f"{run.dataset}, SHA-256 {run.data_digest}" for run in runs],
        "scorer": [found.scorer],
        "numerics": [str(run.numerics) for run in runs],
        "engine": [f"{run.engine.device}, {run.engine.precision}, {run.engine.threads} thread(s)" for run in runs],
        "seeds in a stack": [str(run.width) for run in runs],
    }
    return {name: ", ".join(sorted(set(values))) for name, values in facts.items()}


def _images(metric: str) -> str:
    """The number of samples that the metric's name states: "10k" is 10,000."""
    size = metric.removeprefix("frechet_").partition("_")[0]
    written = size.removesuffix("k")
    return f"{int(written) * (1_000 if size.endswith('k') else 1):,}" if written.isdigit() else size


def environment_of(*, escape: bool) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["slug"] = files.slug
    return made
