"""Pictures: every image at its place, and back from PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from reports.figures.sample_grids import GAP, GREY, WORD_HEIGHT, exact_png, gif, grid, png, sheet, table, with_words

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


@pytest.mark.parametrize(("height", "width"), [(28, 28), (8, 12), (64, 64)])
def test_a_grid_draws_any_size_in_grey_and_in_colour(height: int, width: int) -> None:
    images = np.random.default_rng(1).integers(0, 256, (7, 3, height, width), dtype=np.uint8)
    grey, colour = grid(images[:, :1], columns=4), grid(images, columns=4)
    assert grey.shape == (2 * height + 1, 4 * width + 3)
    assert colour.shape == (*grey.shape, 3)
    for index, image in enumerate(images):
        top, left = index // 4 * (height + 1), index % 4 * (width + 1)
        part = colour[top : top + height, left : left + width]
        assert np.array_equal(part, image.transpose(1, 2, 0))
        assert np.array_equal(grey[top : top + height, left : left + width], image[0])
    assert np.array_equal(grid(images[:, 0], columns=4), grey)
    back = Image.open(io.BytesIO(png(colour)))
    assert np.array_equal(np.asarray(back), colour)
    assert table(images[None]).shape == (2 * height, 2 * (7 * width + 6 * 2), 3)


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


def test_words_stand_under_images_and_leave_them_as_they_are() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 10), dtype=np.uint8)
    found = with_words(images, (("7", "", "-"), ("7", "8", "")))
    assert found.shape == (2, 3, 8 + WORD_HEIGHT, 10)
    assert np.array_equal(found[:, :, :8], images)
    below = found[:, :, 8:]
    assert np.array_equal(below[0, 0], below[1, 0])
    assert not np.array_equal(below[0, 0], below[1, 1])
    assert not below[0, 1].any()
    assert below[0, 2].any()


def test_a_sheet_has_squares_for_pixels_and_words_left_of_its_rows() -> None:
    plain, worded = sheet(IMAGES, 3), sheet(IMAGES, 3, ["one", "two", "three"])
    assert plain.shape == (3 * 84 + 2 * GAP, 4 * 84 + 3 * GAP)
    for row, column in np.ndindex(3, 4):
        top, left = row * (84 + GAP), column * (84 + GAP)
        assert np.array_equal(plain[top : top + 84, left : left + 84], IMAGES[row, column].repeat(3, 0).repeat(3, 1))
    margin = worded.shape[1] - plain.shape[1]
    assert np.array_equal(worded[:, margin:], plain)
    written = [worded[top : top + 84, :margin].sum() for top in range(0, len(plain), 84 + GAP)]
    assert min(written) > 0
    assert written[2] > written[0]


def test_a_gif_and_an_exact_png_hold_every_shade() -> None:
    shades = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(exact_png(shades)))), shades)
    moving = Image.open(io.BytesIO(gif([shades, shades.T, shades[::-1]], 50)))
    assert getattr(moving, "n_frames", 1) == 3
    for place, picture in enumerate([shades, shades.T, shades[::-1]]):
        moving.seek(place)
        assert np.array_equal(np.asarray(moving.convert("L")), picture)
        assert moving.info["duration"] == (150 if place == 2 else 50)
