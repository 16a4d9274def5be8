from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ablations.data import digits, mnist, splits
from ablations.execution import remembered
from ablations.scoring import scorer
from ablations.store import Archive
from ablations.store.mirror import Mirror
from tests.ablations.small_mnist import never, set_sources, small_mnist


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs: making one takes two seconds, copying it none."""
    folder = tmp_path_factory.mktemp("template")
    Mirror.open(folder)
    return folder / "mlflow.db"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "store")


@pytest.fixture
def open_archive(tmp_path: Path) -> Callable[[str], Archive]:
    """An archive of the test by its name."""
    return lambda name: Archive.open(tmp_path / name)


@pytest.fixture
def open_mirror(tmp_path: Path, empty_database: Path) -> Callable[..., Mirror]:
    """`open_mirror()` opens the test's mirror; again and again the same one, or another by name."""

    def opened(name: str = "mirror") -> Mirror:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            shutil.copy(empty_database, folder / "mlflow.db")
        return Mirror.open(folder)

    return opened


@pytest.fixture
def mirror(open_mirror: Callable[..., Mirror]) -> Mirror:
    return open_mirror()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small dataset that passes for MNIST: its checksums are the table's. No source is in reach."""
    content = small_mnist()
    monkeypatch.setattr(mnist, "FILES", {name: hashlib.md5(data).hexdigest() for name, data in content.items()})
    set_sources(monkeypatch, never)
    return content


@pytest.fixture(scope="module")
def few_digits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """`digits` with 500 training and 100 test images, which are scored in a third of the time: for files that ask what
    becomes of runs and their scores, and not how many images these are of.

    The session `slow` has all digits in every file, since the processes that its tests start know no others.
    """
    if any(item.get_closest_marker("slow") for item in request.session.items if item.path == request.path):
        yield
        return
    rows = digits._shipped()[:600]
    answers = tmp_path_factory.mktemp("cache") / "answers"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "_shipped", lambda: rows)
        patch.setattr(digits, "TEST_IMAGES_PER_CLASS", 10)
        patch.setattr(remembered, "answers_folder", lambda: answers)
        forget_data()
        yield
    forget_data()


def forget_data() -> None:
    """What this process keeps of a dataset by its name."""
    splits.load_split.cache_clear()
    scorer.load_scorer.cache_clear()
