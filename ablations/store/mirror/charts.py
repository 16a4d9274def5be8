"""A search's charts on MLflow's pages, as the shared view that a link opens: all trials, at once.

MLflow draws charts of the runs that its table shows, and folds a parent's children away: without a view, the chart tab
of a search is empty until its user has unfolded it and added each chart.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from ablations.store.mirror.rows import score_name


def search_view(parent: str, hyperparameters: Sequence[str], metric: str) -> str:
    """The value of the experiment's tag `mlflow.sharedViewState.KEY`: what the page reads from it.

    A parallel-coordinates chart of the hyperparameters, the steps trained (fewer where a trial was pruned) and the last
    score; a scatter chart of the score for each hyperparameter. Trials that lack one of them are not in its chart.
    """
    score = score_name(metric)
    charts = [
        _chart("all", "PARALLEL", selectedParams=list(hyperparameters), selectedMetrics=["steps", score]),
        *(
            _chart("each", "SCATTER", xaxis={"key": key, "type": "PARAM"}, yaxis={"key": score, "type": "METRIC"})
            for key in hyperparameters
        ),
    ]
    view = {
        "searchFilter": f"tags.mlflow.parentRunId = '{parent}'",
        "orderByKey": "metrics.`value`",
        "orderByAsc": True,
        "selectedColumns": ["attributes.`Created`", "tags.`status`", "metrics.`value`", "metrics.`charged_steps`"],
        "runsHiddenMode": "SHOW_ALL",
        "compareRunCharts": [{**chart, "uuid": f"chart {index}"} for index, chart in enumerate(charts)],
        "compareRunSections": [
            _section("all", "All hyperparameters and the score", columns=1, height=480),
            _section("each", "Each hyperparameter and the score", columns=3, height=300),
        ],
    }
    # As MLflow's own pages write it: a tag of an experiment takes 5,000 characters.
    return "deflate;" + base64.b64encode(zlib.compress(json.dumps(view).encode(), 9)).decode()


def _chart(section: str, kind: str, **settings: Any) -> dict[str, Any]:
    shared = {"type": kind, "metricSectionId": section, "runsCountToCompare": 100, "deleted": False}
    return {**shared, "isGenerated": False, "showAllRuns": True, **settings}


def _section(name: str, title: str, *, columns: int, height: int) -> dict[str, Any]:
    flags = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
    return {"uuid": name, "name": title, "columns": columns, "cardHeight": height, **flags}
