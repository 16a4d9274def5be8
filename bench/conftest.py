"""What the benchmarks share. `--quick` makes all of them tiny: it shows that they run, and times nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ablations.data import Dataset, load_dataset
from ablations.store import Archive
from ablations.training.engine import choose_engine, set_up

WIDTHS = (1, 2, 4, 8, 16, 32)
QUICK_WIDTHS = (1, 2)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="benchmarks of tiny size, on data that need no download")


@pytest.hookimpl(trylast=True)  # so that the width stands last in a name
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "width" in metafunc.fixturenames:
        widths = QUICK_WIDTHS if metafunc.config.getoption("--quick") else WIDTHS
        metafunc.parametrize("width", widths, ids=[f"width{width:02}" for width in widths])


@pytest.fixture(autouse=True)
def _engine() -> Iterator[None]:
    """One thread, and the library for products that training takes on this machine."""
    before = torch.get_float32_matmul_precision()
    set_up(choose_engine("cpu"))
    yield
    torch.set_float32_matmul_precision(before)


@pytest.fixture
def quick(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--quick"))


@pytest.fixture
def dataset(quick: bool) -> Dataset:
    """MNIST; `--quick`: scikit-learn's digits."""
    return load_dataset("digits" if quick else "mnist")


@pytest.fixture
def open_archive(tmp_path: Path) -> Callable[[], Archive]:
    return lambda: Archive.open(tmp_path / "store")
