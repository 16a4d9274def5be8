"""The command that trains a variant again. Pure."""

from __future__ import annotations

import shlex

from ablations.catalog import STUDIES
from ablations.config import Variant
from reports.analysis.findings import Findings


def command(found: Findings, variant: Variant) -> str:
    """The command that trains all stored seeds of a variant again, to the same bits, into a store of its own.

    Its own, because running a part of a study in the study's store would leave only that part in the study's report.
    """
    runs = [result.run for result in found.results if result.run.variant.name == variant.name]
    run = runs[0]
    words = ["ablations", "run", found.study.name, "--only", variant.name]
    words += ["--seeds", str(1 + max(run.seed for run in runs)), "--steps", str(variant.steps)]
    words += ["--evaluations", str(found.study.evaluations), "--data", run.dataset]
    words += ["--device", run.engine.device, "--width", str(run.width)]
    for setting in _overridden(found.study.name, variant):
        words += ["--set", setting]
    return shlex.join([*words, "--store", "results/again", "--out", "results/again/report"])


def _overridden(study: str, variant: Variant) -> list[str]:
    """The settings in which a variant differs from the catalog's of that name; none where the catalog lacks it."""
    known = STUDIES[study].variants if study in STUDIES else ()
    base = next((other.flat() for other in known if other.name == variant.name), None)
    own = variant.flat()
    if base is None:
        return []
    keys = [key for key in own if own[key] != base[key] and key not in ("name", "recipe", "steps")]
    return [f"{key}={','.join(map(str, own[key])) if isinstance(own[key], list) else own[key]}" for key in keys]
