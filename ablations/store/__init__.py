"""What runs leave behind: `result` and its form on disk, and MLflow (`mirror`), the only room that imports mlflow."""

from ablations.store.mirror.mlflow_store import Store, StoredStudy
from ablations.store.mirror.searches import SearchRecord, TrialRecord
from ablations.store.mirror.server import Server, serve

__all__ = ["SearchRecord", "Server", "Store", "StoredStudy", "TrialRecord", "serve"]
