"""Reproducible ablations of generative adversarial networks on MNIST.

    import ablations

    outcome = ablations.run("quick", seeds=5)
    outcome.runs, outcome.contrasts                  # pandas frames; in a notebook, `outcome` shows its report
    ablations.load(outcome.runs.key[0]).generator    # an nn.Module

The package root imports nothing heavy: the catalog, the store and the reports work without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablations.commands.library import Outcome, StoredRun, load, run
    from ablations.config import Contrast, Study, Variant
    from ablations.config.parts import register
    from ablations.parts.losses import Halves

__version__ = "0.1.0"
__all__ = ["Contrast", "Halves", "Outcome", "StoredRun", "Study", "Variant", "__version__", "load", "register", "run"]

_PLACES = {
    "Contrast": "ablations.config",
    "Halves": "ablations.parts.losses",
    "Outcome": "ablations.commands.library",
    "StoredRun": "ablations.commands.library",
    "Study": "ablations.config",
    "Variant": "ablations.config",
    "load": "ablations.commands.library",
    "register": "ablations.config.parts",
    "run": "ablations.commands.library",
}


def __getattr__(name: str) -> Any:
    """The library's names, imported when they are first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
