from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _stay_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands bind their process to a core and set its threads; the tests' own process stays as it is."""
    threads = torch.get_num_threads()
    monkeypatch.setattr("bench.timing.os.sched_setaffinity", lambda process, cores: None, raising=False)
    yield
    torch.set_num_threads(threads)
