"""What a variant is, how it differs from another, and how to train it again, in words. Pure."""

from __future__ import annotations

import shlex
from typing import Any

from ablations.catalog import STUDIES
from ablations.config import Network, Variant
from reports.findings import Findings


def command(found: Findings, variant: Variant) -> str:
    """The command that trains all stored seeds of a variant again, to the same bits, into a store of its own.

    Its own, because running a part of a study in the study's store would leave only that part in the study's report.
    """
    runs = [result.run for result in found.results if result.run.variant.name == variant.name]
    run = runs[0]
    words = ["ablations", "run", found.study.name, "--only", variant.name]
    words += ["--seeds", str(1 + max(run.seed for run in runs)), "--steps", str(variant.steps)]
    words += ["--evaluations", str(run.evaluations), "--data", run.dataset]
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


def differences(variant: Variant, reference: Variant) -> str:
    """The settings in which a variant differs; those that G and D share are named once."""
    own, base = variant.flat(), reference.flat()
    changed = {key: value for key, value in own.items() if value != base[key] and key not in ("name", "recipe")}
    words = []
    for key, value in changed.items():
        side, _, rest = key.partition(".")
        twin = key.replace("discriminator", "generator") if side.startswith("discriminator") else None
        if twin and changed.get(twin) == value:
            continue
        other = key.replace("generator", "discriminator")
        both = side.startswith("generator") and other != key and changed.get(other) == value
        label = f"{'optimizer' if side.endswith('optimizer') else 'G and D'} {rest}" if both else key
        words.append(f"{label}: {_value(value)}")
    return ", ".join(words) or "the reference"


def describe(variant: Variant) -> str:
    """A variant in one line."""
    g, d = variant.generator, variant.discriminator
    optimizer = variant.discriminator_optimizer
    parts = [
        "conditional" if variant.conditional else "",
        f"G {_network(g)}",
        f"D {_network(d)}",
        f"z {variant.latent.size} {variant.latent.distribution}",
        variant.loss.criterion,
        f"{optimizer.name} {optimizer.learning_rate:g}",
        f"batch {variant.batch_size}",
        f"{variant.steps:,} steps",
    ]
    return ", ".join(part for part in parts if part)


def _network(network: Network) -> str:
    norm = "" if network.normalization == "none" else f" {network.normalization} norm"
    widths = "-".join(map(str, network.hidden))
    return f"{network.architecture} {widths} {network.activation}{norm}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "-".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
