"""The command that trains a variant again. Pure."""

from __future__ import annotations

import shlex

from ablations.catalog import STUDIES
from ablations.config import Engine, Variant
from ablations.config.study import without_operands
from reports.analysis.findings import Findings


def command(found: Findings, variant: Variant) -> str:
    """The command that trains all stored seeds of a variant again, to the same bits.

    A study of the catalog goes into a store of its own, because running a part of a study in the study's store would
    leave only that part in the study's report. Of any other study the stored runs say what is trained.
    """
    results = [result for result in found.results if result.run.variant.name == variant.name]
    run = results[0].run
    engine = run.engine
    sources = dict.fromkeys(part.source for part in (*variant.own_parts, *filter(None, [run.own_data])))
    parts = [word for source in sources for word in ("--parts", source)]
    study, name = (without_operands(label, engine.precision) for label in (found.study.name, variant.name))
    if study not in STUDIES or name not in [known.name for known in STUDIES[study].variants]:
        trained = [result.key for result in results if result.status in ("finished", "diverged")]
        return shlex.join(["ablations", "verify", *(trained or [result.key for result in results]), *parts])
    words = ["ablations", "run", study, "--only", name, *parts]
    words += ["--seeds", str(1 + max(result.run.seed for result in results)), "--steps", str(variant.steps)]
    words += ["--evaluations", str(found.study.evaluations), "--data", run.dataset]
    words += ["--width", str(run.width), *on_engine(engine)]
    for setting in _overridden(STUDIES[study].variant(name), variant):
        words += ["--set", setting]
    return shlex.join([*words, "--store", "results/again", "--out", "results/again/report"])


def on_engine(engine: Engine) -> list[str]:
    """The options of `run` by which another machine trains on this engine, if it can."""
    words = ["--device", engine.device]
    words += ["--precision", engine.precision] if engine.precision != "float32" else []
    return words + (["--isa", engine.isa] if engine.device == "cpu" else [])


def _overridden(known: Variant, variant: Variant) -> list[str]:
    """The settings in which a variant differs from the catalog's of that name."""
    base, own = known.flat(), variant.flat()
    keys = [key for key in own if own[key] != base.get(key) and key not in ("name", "recipe", "steps")]
    return [f"{key}={','.join(map(str, own[key])) if isinstance(own[key], list) else own[key]}" for key in keys]
