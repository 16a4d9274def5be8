"""The identity of what measured: found without loading the metrics themselves."""

from __future__ import annotations

from ablations.config.digest import sha256_of
from ablations.scoring.own_metrics import own_digests
from ablations.scoring.panel import Panel, load_panel

SUITE = 3
"""The number of the suite of metrics: it changes with any change of a metric's value."""


def scorer_identity(panel: Panel | None = None) -> str:
    """Of the suite, of the extractors and of the user's own metrics: scores of different scorers never stand
    in one table.
    """
    own = own_digests()
    return sha256_of([SUITE, (panel or load_panel()).digest, *([own] if own else [])])[:16]
