"""The least difference that matters, as a person names it."""

import re

import pytest

from ablations.config.errors import ConfigError
from reports.analysis.decision_rules import Rules


def test_a_difference_is_a_share_or_a_size() -> None:
    assert Rules().size(200.0) == 20.0
    assert Rules().for_difference("5%").size(-200.0) == 10.0
    assert Rules().for_difference("0.5").size(200.0) == 0.5
    assert Rules().for_difference(None) == Rules()


@pytest.mark.parametrize("named", ["", "%", "much", "0", "-5%", "nan", "inf", "5%%", "1e400"])
def test_a_difference_that_is_none_is_refused_with_its_text(named: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--difference {named}: ")):
        Rules().for_difference(named)
