"""Runs in MLflow: the only room that imports mlflow, and it does so when a store is opened, not before.

A study is an experiment; a variant is a run that carries the mean curves and the summary over seeds; a seed is a child
of it that carries everything one run left behind. `rows` says what becomes a tag, a parameter or a metric; `location`
where a store lies; `guarded_calls` how a call of MLflow fails; `artifacts` how files get in and out; `mlflow_runs` and
`variant_runs` how experiments and runs are made; `searches` records trials; `mirror` joins them; `server` shows
them.
"""

from ablations.store.mirror.mirror import Mirror
from ablations.store.mirror.server import Server, leaving_on_sigterm, serve

__all__ = ["Mirror", "Server", "leaving_on_sigterm", "serve"]
