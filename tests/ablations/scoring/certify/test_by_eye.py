"""Labels by eye: sheets are the data, labels are checked, and the agreement is what the published files say."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
import torch

from ablations.config.errors import DataError
from ablations.scoring.certify.by_eye import (
    FACTS,
    Part,
    Sheet,
    Shown,
    agreement,
    facts_with,
    mean_shares,
    published,
    read_labels,
    shares,
)
from ablations.scoring.certify.by_eye_page import markdown
from ablations.scoring.certify.sheets import images_of, sheet
from ablations.scoring.extractors.reader import load_reader

SHEETS = Path(__file__).parents[4] / "reports/published/certificate/by_eye"
SHOWN = Shown(study="quick", variant="mse", seed=0, step=2_000, steps=2_000)


def part(reader: str, asked: str | None = None, **eyes: str) -> Part:
    return Part(name="some", about="told", sheets=(Sheet(shown=SHOWN, eyes=eyes, reader=reader, asked=asked),))


def test_a_sheet_holds_its_images_to_the_grey() -> None:
    images = torch.rand(30, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    back = images_of(sheet(images))
    assert back.shape == images.shape
    assert torch.equal(back, (images * 255).round().to(torch.uint8))


def test_agreement_counts_what_neither_can_read_and_shares_only_over_what_can_be_read() -> None:
    found = agreement("1123--", "112-3-")
    assert (found.same, found.same_class) == (4 / 6, 1)
    assert (found.alike, found.alike_of_all) == (1, 1)
    assert agreement("11", "1-").alike_of_all == 0.5
    assert agreement("0011", "1111").alike == 0.5
    assert agreement("0000", "1111").alike == 0
    nothing = agreement("--", "-1")
    assert nothing.same == 0.5
    assert math.isnan(nothing.same_class)
    assert math.isnan(nothing.alike)


def test_the_mean_of_two_readers_lies_between_them() -> None:
    assert mean_shares([shares("0011"), shares("0000")]) == {"0": 0.75, "1": 0.25}
    assert shares("01--", of_all=True) == {"0": 0.25, "1": 0.25, "-": 0.5}


def test_a_part_of_one_eye_and_one_of_two_say_whose_labels_agree() -> None:
    alone = markdown([part("0011", first="0111")])
    assert "| [mse](some/mse.png) | quick | 0 | 2,000 of 2,000 | 75% (75%) |" in alone
    assert "mean of the eyes" not in alone
    text = markdown([part("0011", "0111", first="0111", second="1111")])
    assert (
        "| [mse](some/mse.png) | quick | 0 | 2,000 of 2,000 | 75% (75%) | 50% (50%) | 62% (62%) | 75% (75%) |" in text
    )
    assert "That is more, but not for every model, than either agrees with the classifier (50% to 75%)" in text
    assert "| mse | first eye | 100% | 100% |  |" in text
    assert "| mse | classifier | 75% | 75% | `0` +25.0, `1` \N{MINUS SIGN}25.0 |" in text
    closer = markdown([part("0000", first="0111", second="1111")])
    assert "Each time they are closer to each other than either ever is to the classifier (0% to 25%)" in closer
    apart = markdown([part("0011", first="0000", second="1111")])
    assert "That is no more than either agrees with the classifier (50%)" in apart


@pytest.mark.parametrize("text", ["", "image,label\n0,x\n", "image,label\n1,3\n", "3\n4\n"])
def test_labels_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="labels by eye"):
        read_labels(text)


def test_an_empty_line_is_no_label() -> None:
    assert read_labels("image,label\n0,3\n\n1,-\n\n") == ("3", "-")


def test_a_sheet_says_whose_samples_it_shows_and_waits_for_labels(tmp_path: Path) -> None:
    folder = tmp_path / "quick"
    early = Shown(study="quick", variant="mse", seed=2, step=500, steps=2_000)
    assert (SHOWN.name, early.name) == ("mse", "mse-seed-2-step-500")
    folder.mkdir()
    for one in (SHOWN, early, SHOWN):
        (folder / FACTS).write_bytes(facts_with(folder, one))
        (folder / f"{one.name}.png").write_bytes((SHEETS / "quick/mse.png").read_bytes())
    assert not published(tmp_path, load_reader())
    (folder / "mine").mkdir()
    shutil.copy(SHEETS / "quick/first/mse.csv", folder / "mine" / f"{early.name}.csv")
    ((found,),) = [item.sheets for item in published(tmp_path, load_reader())]
    assert (found.shown, [*found.eyes], len(found.reader)) == (early, ["mine"], 200)
    (folder / "mine" / f"{early.name}.csv").write_text("image,label\n0,3\n")
    with pytest.raises(DataError, match="1 labels for 200 images"):
        published(tmp_path, load_reader())


def test_the_published_page_is_that_of_the_published_sheets_and_labels() -> None:
    parts = published(SHEETS, load_reader())
    assert sum(len(item.sheets) for item in parts) >= 6
    assert all(len(sheet.reader) == 200 for item in parts for sheet in item.sheets)
    assert (SHEETS / "README.md").read_text() == markdown(parts)
