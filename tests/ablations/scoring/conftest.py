"""Real digits, as both extractors see them."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from ablations.data import Dataset, load_dataset
from ablations.scoring.panel import Panel, Views, load_panel
from ablations.scoring.suite import (
    References,
    references_of,
    score,
)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_panel()


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def references(digits: Dataset, panel: Panel) -> References:
    return references_of(digits, panel)


@pytest.fixture(scope="module")
def real(digits: Dataset) -> Tensor:
    """500 real images in [0, 1] that are not in the reference."""
    return digits.train_images[:500].float() / 255


@pytest.fixture(scope="module")
def views(real: Tensor, panel: Panel) -> Views:
    return panel.views(real)


@pytest.fixture(scope="module")
def asked(digits: Dataset) -> np.ndarray:
    return digits.labels[0][:500].numpy()


@pytest.fixture(scope="module")
def full(views: Views, references: References, asked: np.ndarray) -> dict[str, float]:
    """All metrics of real images, and of what they should show."""
    return score(views, references, asked, tier="full")
