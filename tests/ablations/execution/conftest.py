from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ablations.scoring import identity
from ablations.scoring import scorer as scoring
from ablations.scoring.identity import scorer_identity


@pytest.fixture
def change_scorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Makes the scorer of this process another, though it measures the same; gives its identity."""

    def change() -> str:
        monkeypatch.setattr(identity, "SUITE", identity.SUITE + 1)
        scoring.load_scorer.cache_clear()
        return scorer_identity()

    yield change
    scoring.load_scorer.cache_clear()
