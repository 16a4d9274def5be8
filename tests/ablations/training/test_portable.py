"""The same bits on every machine: short trainings of everything that the catalog names, at each instruction set."""

from __future__ import annotations

import json

import pytest

from ablations.training.instruction_set import lacking
from tests.ablations.training.portable import FILE, SETS, made, versions


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SETS)
def test_bits_are_those_of_the_file(name: str) -> None:
    if missing := lacking(name):
        pytest.skip(f"this processor lacks {', '.join(missing)}")
    stored = json.loads(FILE.read_text())
    expected, here = stored[name], made(name)
    differing = [
        f"{training}: {', '.join(key for key in digests if expected.get(training, {}).get(key) != digests[key])}"
        for training, digests in here.items()
        if expected.get(training) != digests
    ]
    assert not differing, (
        f"{len(differing)} of {len(here)} trainings have other bits than in {FILE.name} (made with "
        f"{stored['versions']}, here {versions()}): {'; '.join(differing[:10])}. If that is meant: "
        "python -m tests.ablations.training.portable"
    )
    assert expected.keys() == here.keys()
