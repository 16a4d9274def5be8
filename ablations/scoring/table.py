"""All metrics of images: each row of `catalog.metrics` with the function that a file of `metrics` binds to it."""

from __future__ import annotations

import importlib
import pkgutil

from ablations.catalog.metrics import METRICS
from ablations.scoring import metrics
from ablations.scoring.metrics.bindings import COMPUTATIONS, Computation
from ablations.scoring.own_metrics import own_computations

for _module in pkgutil.iter_modules(metrics.__path__):
    importlib.import_module(f"{metrics.__name__}.{_module.name}")


def computations() -> list[Computation]:
    """In the order of their rows; a user's own come last."""
    order = list(METRICS)
    return [*sorted(COMPUTATIONS.values(), key=lambda item: order.index(item.facts.name)), *own_computations()]
