"""What holds in tests and benchmarks alike: one thread, one instruction set, and CUDA only where there is a device."""

from __future__ import annotations

import os

from ablations.training.instruction_set import default_environment

# Before anything imports torch: they are read once, when its libraries load. Child processes inherit them.
os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MPLBACKEND": "Agg"}

os.environ |= default_environment()

import pytest
import torch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not torch.cuda.is_available():
        skip = pytest.mark.skip(reason="needs a CUDA device, and this machine has none")
        for item in items:
            if "cuda" in item.keywords:
                item.add_marker(skip)
