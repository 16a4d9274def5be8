"""Labels by eye: sheets are the data, labels are checked, and the agreement is what the published files say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from ablations.config.errors import DataError
from ablations.scoring.certify.by_eye import agreement, markdown, published, read_labels
from ablations.scoring.certify.sheets import images_of, sheet
from ablations.scoring.extractors.reader import load_reader

SHEETS = Path(__file__).parents[4] / "reports/published/certificate/by_eye"


def test_a_sheet_holds_its_images_to_the_grey() -> None:
    images = torch.rand(30, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    back = images_of(sheet(images))
    assert back.shape == images.shape
    assert torch.equal(back, (images * 255).round().to(torch.uint8))


def test_agreement_counts_what_neither_can_read_and_shares_only_over_what_can_be_read() -> None:
    found = agreement("1123--", "112-3-")
    assert (found.same, found.same_class) == (4 / 6, 1)
    assert (found.readable_by_eye, found.readable_by_reader) == (4 / 6, 4 / 6)
    assert found.apart == 0
    assert (found.apart_of_all, agreement("11", "1-").apart_of_all) == (0, 0.5)
    assert not any(found.excess.values())
    assert found.confused == {("3", "-"): 1, ("-", "3"): 1}
    assert agreement("0011", "1111").apart == 0.5
    assert agreement("0000", "1111").apart == 1
    nothing = agreement("--", "-1")
    assert nothing.same == 0.5
    assert math.isnan(nothing.same_class)
    assert math.isnan(nothing.apart)


@pytest.mark.parametrize("text", ["", "image,label\n0,x\n", "image,label\n1,3\n", "3\n4\n"])
def test_labels_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="labels by eye"):
        read_labels(text)


def test_the_published_page_is_that_of_the_published_sheets_and_labels() -> None:
    found = published(SHEETS, load_reader())
    assert len(found) >= 6
    assert {item.images for item in found.values()} == {200}
    assert (SHEETS / "README.md").read_text() == markdown(found)
