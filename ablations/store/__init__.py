"""What runs leave behind: a folder a run (`archive`), and MLflow (`mirror`, the only room that imports mlflow)."""

from ablations.store.archive import Archive, Member, StoredStudy
from ablations.store.result import Evaluation, Result, Status

__all__ = ["Archive", "Evaluation", "Member", "Result", "Status", "StoredStudy"]
