"""What was tuned here beside the tables of others, for the pages that have such a section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ablations.catalog.outside import TABLES
from ablations.store.result import Result
from reports.analysis.outside import MEASURES, beside


def outside_sections(results: Mapping[str, Sequence[Result]]) -> dict[str, Any]:
    """What the templates `outside` show of the axes that there is a table for; `results` are the runs of an axis."""
    found = [beside(TABLES[axis], runs) for axis, runs in results.items() if axis in TABLES]
    return {"outside": found, "measures": [*MEASURES]}
