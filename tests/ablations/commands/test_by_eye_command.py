"""`ablations by-eye`, on a study of seconds: sheets are drawn, labelled, and the page says what agrees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.data import load_dataset
from ablations.execution.stored_samples import chosen_samples
from ablations.scoring.certify.sheets import images_of
from ablations.store import Archive
from tests.ablations.small_study import STUDY, run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("by_eye") / "store"
    run(STUDY, Archive.open(root))
    return root


def by_eye(out: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["by-eye", "--data", "digits", "--out", str(out), *words])


def test_sheets_of_several_runs_and_eyes_make_one_page(store: Path, tmp_path: Path) -> None:
    drawn = ["--runs", str(store), "--study", "small"]
    done = by_eye(tmp_path, *drawn, "--variant", "base", "--variant", "other")
    assert done.exit_code == 0, done.output
    assert (
        by_eye(tmp_path, *drawn, "--variant", "base", "--seed", "1", "--step", "20", "--part", "early").exit_code == 0
    )
    data = load_dataset("digits")
    (first,) = chosen_samples(Archive.open(store), "small", ["base"], 1, 200, data, step=20)
    sheet = images_of((tmp_path / "early/base-seed-1-step-20.png").read_bytes())
    assert (sheet / 255 - first.images).abs().max() < 0.51 / 255
    assert (tmp_path / "small/other.asked.csv").exists()
    assert not (tmp_path / "small/base.asked.csv").exists()
    assert [item["variant"] for item in json.loads((tmp_path / "small/sheets.json").read_text())] == ["base", "other"]

    labels = "image,label\n" + "".join(f"{number},{number % 10}\n" for number in range(200))
    for name in (
        "small/mine/base.csv",
        "small/mine/other.csv",
        "small/yours/base.csv",
        "early/mine/base-seed-1-step-20.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(labels)
    (tmp_path / "small/mine/other.csv").write_bytes((tmp_path / "small/other.asked.csv").read_bytes())
    done = by_eye(tmp_path)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "README.md").read_text()
    assert "| [base-seed-1-step-20](early/base-seed-1-step-20.png) | small | 1 | 20 of 40 |" in page
    # Who has labelled but one of the two sheets is left out; who labels as was asked is right.
    assert "yours" not in page
    assert "| other | mine eye | 100% | 100% |  |" in page


def test_a_folder_without_labelled_sheets_is_left_as_it_is(tmp_path: Path) -> None:
    done = by_eye(tmp_path / "none")
    assert (done.exit_code, "has no labelled sheets: draw some with --runs" in done.stderr) == (2, True)
    assert not (tmp_path / "none").exists()


def test_a_run_or_step_that_is_not_there_is_said(store: Path, tmp_path: Path) -> None:
    done = by_eye(tmp_path, "--runs", str(store), "--study", "small", "--variant", "base", "--step", "7")
    assert done.exit_code == 2
    assert "'base' with seed 0 has no weights of step 7, but of 0, 20, 40" in done.output
    done = by_eye(tmp_path, "--runs", str(store), "--study", "small", "--variant", "base", "--seed", "9")
    assert "no run of 'base' with seed 9" in done.output
    assert not (tmp_path / "small").exists()
