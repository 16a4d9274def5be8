"""Where jobs are done: here (`serial`) or in processes of this machine (`processes`). Jobs in, events out.

Results never pass through an executor: a job leaves them where it was told to. Another executor is a class with the
one method of `contract.Executor`.
"""

from ablations.execution.executors.contract import Emit, Executor, Job, Stop, stopping
from ablations.execution.executors.processes import ProcessExecutor
from ablations.execution.executors.serial import SerialExecutor

__all__ = ["Emit", "Executor", "Job", "ProcessExecutor", "SerialExecutor", "Stop", "stopping"]
