"""A search of seconds, and trials that were never trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ablations.catalog import BASELINE
from ablations.catalog.spaces import make_space
from ablations.config import Engine
from ablations.execution.executors import Executor, SerialExecutor
from ablations.search.generations import Found, Search
from ablations.search.settings import Settings
from ablations.search.trial import Outcome, Score
from ablations.search.trial_storage import Trial, open_storage
from ablations.store.search_record import State

TINY = {"steps": 18, "batch_size": 8, "generator.hidden": (8,), "discriminator.hidden": (8,)}
NARROW = {"batch_size": "8:16", "generator.hidden": "8:16", "discriminator.hidden": "8:16"}
SPACE = make_space(BASELINE.override(TINY), narrowed=NARROW)
SETTINGS = Settings(name="small", space=SPACE, trials=5, seeds=2, parallel=2, dataset="digits", seed=3)
"""With this seed trials are pruned before and after one that ends, also of `few_digits`."""


def search(work: Path, settings: Settings = SETTINGS, executor: Executor | None = None, **options: Any) -> Found:
    record = options.pop("record", lambda trials: None)
    stop = options.pop("stop", lambda: None)
    with open_storage(settings, f"sqlite:///{work}/optuna.db", fresh=options.pop("fresh", False)) as storage:
        return Search(
            settings=settings,
            storage=storage,
            work=work,
            engine=Engine(),
            executor=executor or SerialExecutor(),
            record=record,
            stop=stop,
        ).run(finalists=options.pop("finalists", 0))


def table(found: Found) -> list[dict[str, Any]]:
    return [trial.row for trial in found.trials]


def made(*values: float | None, state: State = "finished") -> list[Trial]:
    return [
        Trial(
            number=number,
            values={},
            outcome=Outcome(
                state="diverged" if value is None else state,
                scores=() if value is None else (Score(step=1, mean=value, seeds=(value,)),),
                train_seconds=float(number),
            ),
        )
        for number, value in enumerate(values)
    ]
