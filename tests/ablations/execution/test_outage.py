"""MLflow's server and PostgreSQL away for a while in the middle of a study: see `tests.outage`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outage import HOWS, How, outage
from tests.services import POSTGRESQL

SECONDS = 10.0
"""Longer than the mirror waits between two passes is what matters; `python -m tests.outage` takes sixty."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not POSTGRESQL, reason="needs the programs of PostgreSQL's server")
@pytest.mark.parametrize("how", HOWS)
def test_the_page_is_complete_after_its_servers_were_away(how: How, tmp_path: Path) -> None:
    found = outage(tmp_path, SECONDS, how)
    assert found.still_training, "the outage must lie within the study"
    assert found.after > found.before, "the study must go on meanwhile"
    assert found.sound, found
