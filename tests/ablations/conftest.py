from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ablations.data import mnist
from ablations.store import Store
from tests.ablations.small_mnist import never, set_sources, small_mnist


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs: making one takes two seconds, copying it none."""
    folder = tmp_path_factory.mktemp("template")
    Store.open(folder)
    return folder / "mlflow.db"


@pytest.fixture
def open_store(tmp_path: Path, empty_database: Path) -> Callable[..., Store]:
    """`open_store()` opens the test's store; again and again the same one, or another by name."""

    def opened(name: str = "store") -> Store:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            shutil.copy(empty_database, folder / "mlflow.db")
        return Store.open(folder)

    return opened


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small dataset that passes for MNIST: its checksums are the table's. No source is in reach."""
    content = small_mnist()
    monkeypatch.setattr(mnist, "FILES", {name: hashlib.md5(data).hexdigest() for name, data in content.items()})
    set_sources(monkeypatch, never)
    return content
