"""What a metric of one's own may not be called: it would take the place of something else in every table."""

from __future__ import annotations

import pytest

from ablations.catalog.metrics import built_in
from ablations.config.errors import ConfigError
from ablations.config.parts import register
from ablations.scoring.own_metrics import own_digests


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("recall", "built in"),
        ("balanced_frechet_500", "built in"),
        ("contrastive_frechet_10k", "built in"),
        ("score", "called like a column"),
        ("variant", "called like a column"),
        ("d_accuracy", "built in"),
    ],
)
def test_a_name_that_is_taken_is_refused(name: str, message: str) -> None:
    register("metric", name, lambda samples, reference: 0.0)
    with pytest.raises(ConfigError, match=message):
        own_digests()


def test_a_new_name_is_taken() -> None:
    assert built_in("spread_of_mine") is None
    register("metric", "spread_of_mine", lambda samples, reference: 0.0)
    own_digests()
