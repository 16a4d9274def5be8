"""Pictures: every image at its place, and back from PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from reports.figures.sample_grids import GREY, grid, png, table

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


def test_images_of_any_size_and_colour_are_drawn() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 5, 7), np.uint8)
    picture = grid(images, columns=4)
    assert picture.shape == (2 * 6 - 1, 4 * 8 - 1, 3)
    assert np.array_equal(picture[6:11, 8:15], images[5].transpose(1, 2, 0))
    assert not picture[6:11, 16:].any()
    assert Image.open(io.BytesIO(png(picture))).size == (31, 11)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)


def test_one_channel_is_none() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 7), np.uint8)
    assert np.array_equal(grid(images[:, None]), grid(images))
    assert np.array_equal(table(images.reshape(2, 3, 1, 5, 7)), table(images.reshape(2, 3, 5, 7)))
