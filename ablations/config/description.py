"""A variant in words: what it is, and how it differs from another. Pure."""

from __future__ import annotations

from typing import Any

from ablations.config.variant import Network, Variant

SAME = "the reference"
DEFAULT = "its default"
"""Of a setting of a user's own part that the other variant states."""


def differences(variant: Variant, reference: Variant) -> str:
    """The settings in which a variant differs; those that G and D share are named once."""
    own, base = variant.flat(), reference.flat()
    keys = [key for key in {**own, **base} if key not in ("name", "recipe")]
    changed = {key: own.get(key, DEFAULT) for key in keys if own.get(key, DEFAULT) != base.get(key, DEFAULT)}
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
    return ", ".join(words) or SAME


def describe(variant: Variant) -> str:
    """A variant in one line."""
    g, d = variant.generator, variant.discriminator
    optimizer = variant.discriminator_optimizer
    parts = [
        "conditional" if variant.conditional else "",
        f"G {_network(g)}",
        f"D {_network(d)}",
        f"z {variant.latent.size} {variant.latent.distribution}",
        variant.loss.criterion + ("" if variant.loss.penalty == "none" else f" with {variant.loss.penalty}"),
        f"{optimizer.name} {optimizer.learning_rate:g}",
        f"batch {variant.batch_size}",
        f"{variant.steps:,} steps",
    ]
    return ", ".join(part for part in parts if part)


def _network(network: Network) -> str:
    norm = "" if network.normalization == "none" else f" {network.normalization} norm"
    norm += "" if network.weight_norm == "none" else f" {network.weight_norm} weights"
    widths = "-".join(map(str, network.hidden))
    return f"{network.architecture} {widths} {network.activation}{norm}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "-".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
