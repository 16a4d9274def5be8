"""The axis of the places where BatchNorm stands.

It stands in place of LayerNorm, which is where BatchNorm is not; after the activation unless a level's name says
otherwise. The first and the fourth level are two of the axis of normalisations.
"""

from __future__ import annotations

from typing import Any

from ablations.catalog.axis import Axis, Level


def _places(generator: str, first: bool, discriminator: str, statistics: str = "separate") -> dict[str, Any]:
    """Which normalisation either network has, whether G's comes before the activation, and which batch D's sees."""
    return {
        "generator.normalization": generator,
        "generator.normalization_first": first,
        "discriminator.normalization": discriminator,
        "discriminator.normalization_first": False,
        "update.batch_statistics": statistics,
    }


NORMALIZATION_PLACE = Axis(
    name="normalization-place",
    question="Where does BatchNorm stand?",
    levels=(
        Level(name="no-batch-norm", label="LayerNorm everywhere", overrides=_places("layer", False, "layer")),
        Level(
            name="batch-norm-in-g-first",
            label="BatchNorm in G, before the activation",
            overrides=_places("batch", True, "layer"),
        ),
        Level(name="batch-norm-in-d", label="BatchNorm in D", overrides=_places("layer", False, "batch")),
        Level(name="batch-norm-in-both", label="BatchNorm in both", overrides=_places("batch", False, "batch")),
        Level(
            name="batch-norm-joint",
            label="BatchNorm in both, one batch of real and fake",
            overrides=_places("batch", False, "batch", "joint"),
        ),
    ),
    sources=("S1", "S2"),
    claims=("S1-q",),
)
