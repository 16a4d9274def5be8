"""What `ablations publish` regenerates: the studies behind the published answers, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablations.catalog.outside import LUCIC_LOSSES, lucic_tuning
from ablations.catalog.studies import BASELINE

SEEDS, WIDTH = 10, 10
"""Seeds a variant, and seeds in a stack."""

STUDIES_IN_ORDER = (
    "quick", "long-axes", "recipes", "ladder", "normalization", "normalization-places", "imbalance", "matched", "edge",
    "faces", "precision",
)  # fmt: skip
"""Each is trained for the first stack of seeds before any is for the next, so that a run that is cut short has all."""

ALSO_IN_BFLOAT16 = ("precision",)
"""Those of them that are also trained with bfloat16 operands, where the processor has units for them, and shown beside
themselves on one page."""

MAIN = ("long-axes", "quick")
"""Whose contrasts open the pages, and whose samples are in the picture: the first of them that has runs."""

SIX_AXES = ("loss", "activation", "normalization", "optimizer", "conditioning", "architecture")
"""The axes that are also compared tuned against tuned."""

TUNING: Mapping[str, Any] = {"trials": 20, "seeds": 2, "steps": 1_000, "final_seeds": 10}
"""Of each level of the six axes: what fits into two hours on two cores."""

OUTSIDE: Mapping[str, Mapping[str, Any]] = {LUCIC_LOSSES.name: lucic_tuning(BASELINE.flat())}
"""Axes whose levels, tuned alike, are held against a table of others."""


def tunings() -> Mapping[str, Mapping[str, Any]]:
    """Axis to how its levels are tuned, as `ablations tune-and-compare` takes it."""
    return {axis: {**TUNING, "narrowed": {}, "fixed": {}} for axis in SIX_AXES} | dict(OUTSIDE)


SHOWN = ("baseline", "conditional", "cnn", "mse", "saturating", "no-norm", "sigmoid", "sgd", "batch-norm")
"""Variants of the main study in the overview picture: all of them."""
