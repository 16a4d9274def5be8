"""Folders of PNG files: in the order of their names, grey, of the right size, or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ablations.config.errors import DataError
from ablations.scoring.samples import read_folder

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)


def write(folder: Path, name: str, pixels: Any, mode: str | None = None) -> Path:
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(folder / name, format="PNG")
    return folder / name


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_pictures_are_read_in_the_order_of_their_names(mode: str, tmp_path: Path) -> None:
    for name, image in zip(("b.png", "a.PNG", "c.png"), IMAGES, strict=True):
        write(tmp_path, name, image, mode)
    (tmp_path / "notes.txt").write_text("no picture")
    samples = read_folder(tmp_path)
    assert np.array_equal(samples.images, IMAGES[[1, 0, 2]])
    assert samples.labels is None


def test_black_and_white_pictures_are_0_and_255(tmp_path: Path) -> None:
    write(tmp_path, "a.png", IMAGES[0] > 128)
    assert read_folder(tmp_path).images.unique().tolist() == [0, 255]


def test_dark_pictures_are_what_they_are(tmp_path: Path) -> None:
    write(tmp_path, "a.png", np.zeros((28, 28), np.uint8))
    assert not read_folder(tmp_path).images.any()


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((28, 27), np.uint8), "27x28; expected 28x28"),
        (np.zeros((64, 64, 3), np.uint8), "64x64"),
        (np.stack([IMAGES[0], IMAGES[1], IMAGES[2]], axis=2), "in colour"),
        (np.zeros((28, 28), np.uint16), "I;16"),
    ],
)
def test_other_pictures_are_refused_by_name(pixels: Any, words: str, tmp_path: Path) -> None:
    write(tmp_path, "a.png", IMAGES[0])
    path = write(tmp_path, "b.png", pixels)
    with pytest.raises(DataError, match=words) as refusal:
        read_folder(tmp_path)
    assert str(path) in str(refusal.value)


def test_an_empty_folder_and_one_without_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no PNG file"):
        read_folder(tmp_path)
    Image.fromarray(IMAGES[0]).save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="holds no PNG file"):
        read_folder(tmp_path)


def test_another_format_under_the_name_of_a_png_is_refused(tmp_path: Path) -> None:
    Image.fromarray(IMAGES[0]).save(tmp_path / "a.png", format="BMP")
    with pytest.raises(DataError, match="cannot read"):
        read_folder(tmp_path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_are_read_or_refused_with_a_message(data: st.DataObject, tmp_path: Path) -> None:
    content = write(tmp_path, "whole", IMAGES[0]).read_bytes()
    altered = bytearray(content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=5)):
        altered[place : place + 1] = bytes([value])
    (tmp_path / "a.png").write_bytes(bytes(altered))
    try:
        samples = read_folder(tmp_path)
    except DataError as refusal:
        message = str(refusal)
    else:
        assert samples.images.shape == (1, 28, 28)
        return
    assert str(tmp_path / "a.png") in message
