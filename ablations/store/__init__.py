"""The only room that imports mlflow, and it does so when a store is opened, not before.

A study is an experiment; a variant is a run that carries the mean curves and the summary over seeds; a seed is a child
of it that carries everything one run left behind. `rows` says what becomes a tag, a parameter or a metric; `location`
where a store lies; `gate` how a call of MLflow fails; `files` how artifacts get in and out; `runs` and `variants` how
experiments and runs are made; `searches` records trials; `store` joins them; `server` shows them.
"""

from ablations.store.searches import SearchRecord, TrialRecord
from ablations.store.server import Server, serve
from ablations.store.store import Store, StoredStudy

__all__ = ["SearchRecord", "Server", "Store", "StoredStudy", "TrialRecord", "serve"]
