"""Pictures: every image at its place, and back from PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from reports.figures.sample_grids import GREY, png, table

IMAGES = 17 * np.random.default_rng(0).integers(0, 16, (3, 4, 28, 28)).astype(np.uint8)


@pytest.mark.parametrize("gap", [1, 2])
def test_a_table_has_every_image_at_its_place_twice_as_large(gap: int) -> None:
    picture = table(IMAGES, gap)
    assert picture.shape == (2 * (3 * (28 + gap) - gap), 2 * (4 * (28 + gap) - gap))
    small = picture[::2, ::2]
    for row, column in np.ndindex(3, 4):
        top, left = row * (28 + gap), column * (28 + gap)
        assert np.array_equal(small[top : top + 28, left : left + 28], IMAGES[row, column])
    assert (small[28 : 28 + gap] == GREY).all()


def test_16_shades_come_back_from_a_png_as_they_were() -> None:
    picture = table(IMAGES)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(picture))).convert("L")), picture)
