"""Reports of studies that are small, broken, partial or large."""

import dataclasses
import time
from pathlib import Path

import pytest

from ablations.config import Contrast, Study
from ablations.config.errors import StoreError, UserError
from ablations.store import StoredStudy
from reports.analysis.findings import find
from reports.pages.study_page import write
from tests.reports.factories import quick_study, recipes_study, stored
from tests.reports.pages.page_text import text_of


def test_a_study_without_contrasts_shows_its_variants(tmp_path: Path) -> None:
    text = text_of(write(find(stored(recipes_study())), tmp_path))
    assert "This study asks for no contrast" in text
    assert "Effects" not in text
    assert "mlp 200 leaky_relu" in text


def test_what_a_study_says_is_escaped(tmp_path: Path) -> None:
    study = recipes_study()
    evil = Study(name="evil", title="<script>alert(1)</script>", description="a < b", variants=study.variants, seeds=2)
    page = write(find(stored(evil)), tmp_path).read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("status", ["diverged", "failed", "interrupted"])
def test_a_study_of_which_nothing_finished_still_has_a_report(tmp_path: Path, status: str) -> None:
    study = quick_study(seeds=2)
    statuses = {(v.name, seed): status for v in study.variants for seed in range(2)}
    text = text_of(write(find(stored(study, statuses=statuses)), tmp_path))  # type: ignore[arg-type]
    assert "too few scores" in text
    assert f"{status}: a loss was not finite" in text


def test_one_seed_and_one_step_are_enough_for_a_report(tmp_path: Path) -> None:
    assert write(find(stored(quick_study(seeds=1, steps=1))), tmp_path).exists()


def test_variants_that_were_not_run_leave_their_questions_open(tmp_path: Path) -> None:
    whole = stored(quick_study())
    some = tuple(r for r in whole.results if r.run.variant.name in ("baseline", "cnn"))
    part = dataclasses.replace(whole, results=some, unreadable={"r1": "torn"})
    text = text_of(write(find(part), tmp_path))
    assert "0 scored seeds on one side, at least 5 are needed" in text
    assert "1 stored run could not be read" in text
    assert "- `r1`: torn" in (tmp_path / "report.md").read_text()


def test_nothing_stored_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    empty = StoredStudy(study=quick_study(), results=())
    with pytest.raises(StoreError, match="ablations run quick"):
        write(find(empty), tmp_path)
    with pytest.raises(StoreError, match="1 cannot be read: torn, train it again"):
        find(dataclasses.replace(empty, unreadable={"r1": "torn, train it again"}))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file.*--out"):
        write(find(stored(recipes_study())), tmp_path / "file")


def test_the_noise_floor_is_taken_from_the_runs() -> None:
    material = stored(recipes_study())
    assert find(material).rules.noise_floor == 0
    floored = tuple(dataclasses.replace(result, noise_floor=1.25) for result in material.results)
    assert find(dataclasses.replace(material, results=floored)).rules.noise_floor == 1.25


def test_five_hundred_runs_take_seconds_and_stay_small(tmp_path: Path) -> None:
    base = quick_study().variants[0]
    variants = tuple(base.override({"latent.size": 10 + i}, name=f"variant_{i}") for i in range(25))
    contrasts = tuple(
        Contrast(axis=f"axis {i // 4}", question=v.name, treatment=v.name, reference=variants[0].name)
        for i, v in enumerate(variants[1:])
    )
    study = Study(name="big", title="Big", description="", variants=variants, contrasts=contrasts, seeds=20)
    material = stored(study, repeats=True)
    start = time.process_time()  # what else the machine does is no fault of the report
    page = write(find(material), tmp_path)
    assert time.process_time() - start < 15
    assert page.stat().st_size < 5_000_000
