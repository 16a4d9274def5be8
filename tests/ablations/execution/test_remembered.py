"""An answer is remembered while the files that it rests on are as they were, and no longer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ablations.catalog import BASELINE
from ablations.config.errors import ConfigError
from ablations.execution import plan_facts, remembered
from ablations.execution.estimate import snapshot_bytes, step_cost
from ablations.execution.plan_facts import data_facts, variants_facts


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "answers_folder", lambda: tmp_path / "answers")


def counting() -> Callable[[], int]:
    """A function that gives 1, 2, 3, ..."""
    given: list[int] = []

    def find() -> int:
        given.append(len(given) + 1)
        return given[-1]

    return find


def test_an_answer_is_found_once_for_each_question(tmp_path: Path) -> None:
    find = counting()
    assert [remembered.remembered(["a"], [], find) for _ in range(3)] == [1, 1, 1]
    assert remembered.remembered(["b"], [], find) == 2


def test_a_file_that_changes_asks_again(tmp_path: Path) -> None:
    path, find = tmp_path / "file", counting()
    path.write_text("one")
    assert remembered.remembered("a", [path], find) == remembered.remembered("a", [path], find) == 1
    os.utime(path, ns=(0, 0))
    assert remembered.remembered("a", [path], find) == 2
    other = tmp_path / "other"
    other.write_text("")
    assert remembered.remembered("a", [path, other], find) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": 1}'])
def test_a_damaged_answer_is_found_again(content: bytes, tmp_path: Path) -> None:
    find = counting()
    remembered.remembered("a", [], find)
    (place,) = (tmp_path / "answers").iterdir()
    place.write_bytes(content)
    assert remembered.remembered("a", [], find) == 2
    assert remembered.remembered("a", [], find) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("a file where the folder should be")
    find = counting()
    assert [remembered.remembered("a", [], find) for _ in range(2)] == [1, 2]


def test_what_is_remembered_is_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_facts("digits", None)
    facts = variants_facts([BASELINE], data)["baseline"]
    assert facts.cost == step_cost(BASELINE, data.shape)
    assert facts.snapshot_bytes == snapshot_bytes(BASELINE, data.shape)
    monkeypatch.setattr(plan_facts, "step_cost", lambda *_: pytest.fail("it was remembered"))
    monkeypatch.setattr(plan_facts, "_load", lambda *_: pytest.fail("it was remembered"))
    assert data_facts("digits", None) == data
    again = variants_facts([BASELINE.override({}, name="another name")], data)
    assert list(again.values()) == [facts]


def test_a_variant_that_does_not_fit_is_refused_each_time() -> None:
    data = data_facts("digits", None)
    for _ in range(2):
        with pytest.raises(ConfigError, match="batch_size=2000, but it trains on only 1297 images of digits"):
            variants_facts([BASELINE.override({"batch_size": 2_000})], data)
