"""One self-contained HTML page for a study, with Markdown and CSV beside it."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ablations.catalog.collapse import CollapseRule
from ablations.catalog.metric_facts import samples_of
from ablations.catalog.metrics import LABEL_FREE, READER, facts
from ablations.config import Variant
from ablations.config.description import SAME, describe, differences
from ablations.store.noise_check import PASSED
from ablations.store.outcomes import FINISHED
from reports import words
from reports.analysis.claim_answers import family
from reports.analysis.factorial import factors
from reports.analysis.findings import Findings, environment
from reports.analysis.grouping import anchor
from reports.analysis.old_and_new import mean_ratio, seed_deviations
from reports.analysis.seconds import total_seconds
from reports.analysis.sentences import pairing_in_words
from reports.analysis.variance import SOURCES
from reports.figures.documents import against_noise, traced
from reports.figures.overview import overview
from reports.figures.palette import styles
from reports.figures.study_figures import contrast_rows, effect_rows, forest, strips
from reports.pages import attachments, claim_rows, sections
from reports.pages.answers import rows
from reports.pages.command_line import command
from reports.pages.overturn_words import overturned_by
from reports.pages.rendering import render, write_files

AT_A_GLANCE = 9
"""Variants whose samples stand at the top of the page."""
CHECK = "sanity check"
"""How the names of those figures begin."""


def write(found: Findings, out: Path) -> Path:
    """Write `report.html` into the folder `out`, and Markdown, tables, figures and samples beside it; returns its path.

    Raises:
        UserError: the folder cannot be written.
    """
    context = page(found)
    contents: dict[str, str | bytes] = {name: render(f"{name}.j2", context) for name in ("report.html", "report.md")}
    contents |= attachments.tables(found) | attachments.samples(found)
    contents |= attachments.figures(found, context["figures"], context["axes"])
    write_files(out, contents)
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
    figures = _figures(found)
    tests = len(family([item.claim for item in found.claims]))
    claims = [claim_rows.row(item, overturn=overturned_by(item, tests, found.rules)) for item in found.claims]
    return {
        "found": found,
        "passed": PASSED,
        "checks": [name for name in figures if name.startswith(CHECK)],
        "styles": styles(found.study),
        "study": found.study,
        "metric": found.metric,
        "images": f"{samples_of(found.metric) or 0:,}",
        "rules": found.rules,
        "unread": facts(found.metric).name == LABEL_FREE.whole,
        "answers": rows(found),
        "claims": claims,
        "columns": claim_rows.columns(claims),
        "claims_tally": claim_rows.tally(found.claims),
        "tests": tests,
        "pairing": pairing_in_words(found.comparisons),
        "words": words,
        "collapse": CollapseRule(),
        "tally": words.tally(found.comparisons),
        "best": min(scored, key=lambda name: found.spreads[name].median, default=None),
        "reference": reference.name if reference else None,
        "figures": figures,
        "glance": overview(found, [variant.name for variant in present[:AT_A_GLANCE]]) if grids else None,
        "grids": grids,
        "points": points,
        "axes": [
            sections.axis(found, name, [v for v in variants if v in found.scores])
            for name, variants in found.axes.items()
        ],
        "variants": [_variant_row(found, variant, reference) for variant in present],
        "runs": [row for _, row in found.runs.iterrows()],
        "sources": SOURCES,
        "repeated": found.measures.parts.get(READER.whole, found.metric),
        "deviations": (deviations := seed_deviations(found)),
        "mean_ratio": mean_ratio(deviations),
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
        contrasts = contrast_rows(found.answers, styles(found.study))
        figures[f"forest{suffix}"] = draw(contrasts, of=f"treatment {words.MINUS} reference")
        if found.effects:
            figures[f"factors{suffix}"] = draw(effect_rows(found.effects), of="averaged over the other factors")
        figures[f"seeds{suffix}"] = strips(found.scores, styles(found.study), metric=found.metric, narrow=narrow)
    for name in dict.fromkeys(item.variant for item in found.noise_checks):
        figures[f"{CHECK} {name}"] = against_noise([item for item in found.noise_checks if item.variant == name])
    return figures | {f"trace {item.variant}": traced(item) for item in found.traces}


def _variant_row(found: Findings, variant: Any, reference: Any) -> dict[str, Any]:
    own = found.runs[found.runs.variant == variant.name]
    return {
        "name": variant.name,
        "css": styles(found.study)[variant.name].css,
        "about": _about(found, variant, reference),
        "spread": found.spreads.get(variant.name),
        "drawn": sections.drawn(found, variant.name),
        "runs": len(own),
        "finished": int((own.status == FINISHED).sum()),
        "command": command(found, variant),
    }


def _about(found: Findings, variant: Variant, reference: Variant | None) -> str:
    """What a variant is, or in what it differs from the reference, in how it was computed too."""
    if reference is None:
        return describe(variant)
    own, others = (
        {item.run.engine.precision for item in found.results if item.run.variant.name == one.name}
        for one in (variant, reference)
    )
    computed = [f"operands in {precision}" for precision in sorted(own - others) if variant != reference]
    said = differences(variant, reference)
    return ", ".join([said, *computed] if said != SAME or not computed else computed)


def _cost(found: Findings, reference: str | None) -> dict[str, Any]:
    """What the study cost: in all, and a row for each variant, with how many times the reference's step it takes."""
    frame = found.cost.copy()
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
