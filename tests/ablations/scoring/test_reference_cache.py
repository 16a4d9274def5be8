"""What is kept of real images: the same values, from whole files only, of exactly what is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ablations.data import Dataset
from ablations.scoring import reference_cache as cache
from ablations.scoring import suite
from ablations.scoring.panel import Panel, Views
from ablations.scoring.reference_cache import Arrays, reference_cache
from ablations.scoring.suite import References


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ABLATIONS_CACHE", str(tmp_path))
    return tmp_path / "references"


class Counted:
    """Arrays that count how often they are computed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Arrays:
        self.times += 1
        return {"value": np.arange(6.0).reshape(2, 3).T, "single": np.array(0.7), "yes": np.array([True, False])}


def kept(compute: Counted, *identity: object) -> Arrays:
    return reference_cache(*identity).kept("some.value", compute)


@pytest.mark.usefixtures("folder")
def test_a_value_is_computed_once_and_read_as_it_was() -> None:
    compute = Counted()
    made, read = kept(compute, "a"), kept(compute, "a")
    assert compute.times == 1
    assert made.keys() == read.keys()
    for name, value in made.items():
        assert read[name].dtype == value.dtype
        np.testing.assert_array_equal(read[name], value, strict=True)


@pytest.mark.usefixtures("folder")
def test_another_identity_is_another_value(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Counted()
    kept(compute, "data", 100, "reader")
    kept(compute, "data", 200, "reader")
    assert compute.times == 2
    monkeypatch.setenv("MKL_CBWR", "other kernels")
    kept(compute, "data", 100, "reader")
    assert compute.times == 3
    monkeypatch.setattr(cache, "_source", lambda: "other code")
    kept(compute, "data", 100, "reader")
    assert compute.times == 4


@pytest.mark.parametrize(("length", "end"), [(-9, b""), (0, b""), (-1, b"?")], ids=["cut off", "empty", "altered"])
def test_a_damaged_file_is_computed_again_and_mended(folder: Path, length: int, end: bytes) -> None:
    compute = Counted()
    kept(compute, "a")
    (file,) = folder.glob("*/*")
    whole = file.read_bytes()
    file.write_bytes(whole[:length] + end)
    kept(compute, "a")
    assert compute.times == 2
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_used_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ABLATIONS_CACHE", str(tmp_path / "file"))
    compute = Counted()
    assert kept(compute, "a").keys() == kept(compute, "a").keys()
    monkeypatch.setenv("ABLATIONS_CACHE", "none")
    kept(compute, "a")
    assert compute.times == 3
    assert [*tmp_path.iterdir()] == [tmp_path / "file"]


def test_the_last_used_folders_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 2)
    for identity in range(4):
        kept(Counted(), identity)
    assert len([*folder.iterdir()]) == 2
    compute = Counted()
    kept(compute, 3)
    assert compute.times == 0


@pytest.mark.usefixtures("folder")
def test_the_next_process_has_the_same_scores_and_looks_at_no_real_image(
    digits: Dataset,
    panel: Panel,
    views: Views,
    full: dict[str, float],
    asked: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fresh() -> References:
        monkeypatch.setattr(suite, "_references", {})
        return suite.references_of(digits, panel)

    first = suite.score(views, fresh(), asked, tier="full")
    monkeypatch.setattr(Panel, "views", lambda *_: pytest.fail("real images were looked at again"))
    again = suite.score(views, fresh(), asked, tier="full")
    np.testing.assert_equal(first, again)
    np.testing.assert_equal(first, full)
