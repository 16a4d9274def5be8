"""Where jobs are done: here (`serial`), in processes of this machine (`processes`), on a cluster (`ray`). Jobs in,
events out.

Another executor is a module with a class that keeps `contract.Executor`, and a row of `executor_registry`. What it
must do is what `tests/ablations/execution/executors/test_contract.py` asks of each.
"""

from __future__ import annotations

import importlib
import typing

from ablations.config.errors import unknown
from ablations.execution.executor_registry import EXECUTORS
from ablations.execution.executors.contract import Emit, Executor, Job, Requirement, Settings, Stop, stopping
from ablations.execution.executors.processes import ProcessExecutor
from ablations.execution.executors.serial import SerialExecutor
from ablations.store.leases import Lease


def make_executor(name: str, settings: Settings) -> Executor:
    """Raises `ConfigError` for a name that there is not, or where the executor's library is not installed."""
    if name not in EXECUTORS:
        raise unknown("executor", name, EXECUTORS)
    module, _, attribute = EXECUTORS[name].partition(":")
    return typing.cast(Executor, getattr(importlib.import_module(module), attribute).of(settings))


__all__ = [
    "EXECUTORS",
    "Emit",
    "Executor",
    "Job",
    "Lease",
    "ProcessExecutor",
    "Requirement",
    "SerialExecutor",
    "Settings",
    "Stop",
    "make_executor",
    "stopping",
]  # fmt: skip
