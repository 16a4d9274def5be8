"""What runs leave behind: a folder a run (`archive`), and MLflow (`mirror`, the only room that imports mlflow)."""

from ablations.store.archive import Archive
from ablations.store.result import Evaluation, Result, Status
from ablations.store.stored_study import Member, StoredStudy

__all__ = ["Archive", "Evaluation", "Member", "Result", "Status", "StoredStudy"]
