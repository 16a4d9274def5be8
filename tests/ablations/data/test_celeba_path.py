"""From a folder as CelebA's authors give it to the book's pair in training, with pictures that are made here."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ablations.catalog import FACE_RECIPES
from ablations.config import Engine
from ablations.data import load_dataset
from ablations.data.faces import load_faces
from ablations.data.folders import CELEBA_CROP
from ablations.training.seed_group import SeedGroup
from reports.figures.sample_grids import exact_png, sheet
from tests.ablations.data.orders import order

WIDE, HIGH = 178, 218
COUNT = 18


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn faces in the middle of aligned pictures, each on a ground of its own."""
    data = tmp_path_factory.mktemp("data")
    place = data / "celeba" / "img_align_celeba"
    place.mkdir(parents=True)
    faces = load_faces(data, lambda line: None).test_images[:COUNT]
    for number, face in enumerate(faces.numpy()):
        picture = np.full((HIGH, WIDE, 3), 10 * number, np.uint8)
        top, left = (HIGH - CELEBA_CROP) // 2, (WIDE - CELEBA_CROP) // 2
        large = Image.fromarray(face.transpose(1, 2, 0)).resize((CELEBA_CROP, CELEBA_CROP), Image.Resampling.NEAREST)
        picture[top : top + CELEBA_CROP, left : left + CELEBA_CROP] = np.asarray(large)
        Image.fromarray(picture).save(place / f"{number + 1:06}.jpg", quality=95)
    (data / "celeba" / "list_attr_celeba.txt").write_text("which no one reads\n")
    return data


def test_the_middle_of_the_aligned_pictures_is_the_face(folder: Path) -> None:
    found = load_dataset("celeba", folder=folder)
    assert found.shape.image == (3, CELEBA_CROP, CELEBA_CROP)
    assert found.shape.classes is None
    assert len(found.train_images) + len(found.test_images) == COUNT
    drawn = load_faces(folder, lambda line: None).test_images[0].float()
    place = int(np.argmin(order(len(found.train_images))))
    small = torch.nn.functional.avg_pool2d(found.train_images[place].float()[None], 4)[0]
    assert float((small - drawn).abs().mean()) < 12, "JPEG, and nothing of the ground"


@pytest.mark.parametrize(
    ("recipe", "data", "steps"),
    [
        pytest.param("s1-celeba", "celeba", 2, marks=pytest.mark.slow, id="book"),
        pytest.param("s1-celeba-small", "celeba-32", 4, id="narrow"),
    ],
)
def test_the_books_pair_and_the_narrow_one_train_on_them(folder: Path, recipe: str, data: str, steps: int) -> None:
    images = load_dataset(data, folder=folder)
    variant = FACE_RECIPES[recipe]
    group = SeedGroup(variant.override({"batch_size": min(variant.batch_size, 8)}), (0,), images, Engine())
    before = group.weights(0)
    group.advance(steps)
    curves = group.take_curves()
    assert np.isfinite(curves).all()
    after = group.weights(0)
    still = [name for name in after if (after[name] == before[name]).all()]
    assert not still
    drawn = group.sample(0, 4)
    assert drawn.shape == (4, *images.shape.image)
    pixels = (drawn * 255).round().to(torch.uint8).view(2, 2, *images.shape.image).numpy()
    picture = np.asarray(Image.open(io.BytesIO(exact_png(sheet(pixels, 1, ["", ""])))))
    assert picture.shape[2] == 3
    assert picture.shape[0] >= 2 * images.shape.height
