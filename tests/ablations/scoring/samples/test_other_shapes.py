"""Samples of other data than MNIST: in colour, of another size, with other classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablations.config.errors import DataError
from ablations.data import DataShape
from ablations.scoring.samples import read_array, read_folder, read_labels

COLOUR = DataShape(channels=3, height=8, width=10, classes=None)
LETTERS = DataShape(channels=1, height=8, width=10, classes=26)
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 10), dtype=np.uint8)


@pytest.mark.parametrize("form", ["first", "last", "flat"])
def test_colour_is_read_in_any_form_and_comes_channels_first(form: str, tmp_path: Path) -> None:
    array = {"first": IMAGES, "last": IMAGES.transpose(0, 2, 3, 1), "flat": IMAGES.reshape(5, -1)}[form]
    np.save(tmp_path / "a.npy", array)
    assert np.array_equal(read_array(tmp_path / "a.npy", shape=COLOUR).images.numpy(), IMAGES)


def test_pictures_in_colour_are_read_where_the_data_have_it(tmp_path: Path) -> None:
    for number, image in enumerate(IMAGES):
        Image.fromarray(image.transpose(1, 2, 0)).save(tmp_path / f"{number}.png")
    assert np.array_equal(read_folder(tmp_path, shape=COLOUR).images.numpy(), IMAGES)
    with pytest.raises(DataError, match="in colour"):
        read_folder(tmp_path, shape=LETTERS)
    with pytest.raises(DataError, match="28x28"):
        read_folder(tmp_path)


def test_another_size_is_refused_with_the_forms_that_fit(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"\(n, 3, 8, 10\), \(n, 8, 10, 3\) or \(n, 240\)"):
        read_array(tmp_path / "a.npy", shape=COLOUR)


def test_labels_go_as_far_as_the_classes_of_the_data(tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", np.array([0, 25, 13]))
    assert read_labels(tmp_path / "labels.npy", 3, LETTERS).tolist() == [0, 25, 13]
    with pytest.raises(DataError, match="0 to 9"):
        read_labels(tmp_path / "labels.npy", 3)
    with pytest.raises(DataError, match="leave the labels out"):
        read_labels(tmp_path / "labels.npy", 3, COLOUR)
