"""Folders of pictures: cropped, scaled, kept once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ablations.config.errors import DataError
from ablations.data import Dataset, is_folder, load_dataset, pictures
from ablations.data.folder_name import folder_of
from ablations.data.folders import CELEBA_CROP
from ablations.data.pictures import Sizing, read_picture
from tests.ablations.data.orders import order


def draw(path: Path, seed: int, *, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).convert(mode).save(path)


def make(folder: Path, count: int = 24, mode: str = "RGB") -> Path:
    for number in range(count):
        draw(folder / f"{number:03}.png", number, mode=mode)
    return folder


def load(text: str | Path, tmp_path: Path, said: list[str] | None = None) -> Dataset:
    return load_dataset(str(text), folder=tmp_path / "data", notify=(said if said is not None else []).append)


def test_the_middle_square_is_cut_out_and_scaled(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    draw(path, 0, size=(40, 30))
    whole = np.asarray(Image.open(path).convert("RGB"))
    same = read_picture(path, Sizing(size=30))
    assert np.array_equal(same.transpose(1, 2, 0), whole[:, 5:35])
    cut = read_picture(path, Sizing(size=10, crop=10))
    assert np.array_equal(cut.transpose(1, 2, 0), whole[10:20, 15:25])
    half = read_picture(path, Sizing(size=15))
    assert half.shape == (3, 15, 15)
    assert abs(float(half.mean()) - float(same.mean())) < 3


def test_colour_stays_and_grey_has_one_channel(tmp_path: Path) -> None:
    colour = load(make(tmp_path / "colour"), tmp_path)
    assert colour.shape.image == (3, 32, 32)
    assert colour.shape.classes is None
    assert (len(colour.train_images), len(colour.test_images)) == (20, 4)
    grey = load(f"{make(tmp_path / 'grey', mode='L')}@16", tmp_path)
    assert grey.shape.image == (1, 16, 16)


def test_folders_are_classes_and_train_and_test_are_splits(tmp_path: Path) -> None:
    for split, count in (("train", 9), ("test", 5)):
        for name in ("cat", "dog"):
            make(tmp_path / "own" / split / name, count)
    found = load(tmp_path / "own", tmp_path)
    assert (len(found.train_images), len(found.test_images)) == (18, 10)
    assert found.labels[0].tolist() == [int(place >= 9) for place in order(18)]
    plain = tmp_path / "plain"
    make(plain / "a")
    make(plain / "b")
    assert load(plain, tmp_path).shape.classes == 2
    draw(plain / "stray.png", 1)
    with pytest.raises(DataError, match=r"stray\.png"):
        load(plain, tmp_path)


def test_every_sixth_picture_is_a_test_image_and_all_keep_their_classes(tmp_path: Path) -> None:
    for number in range(18):
        place = tmp_path / "own" / ("cat" if number < 9 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), number).save(place / f"{number:02}.png")
    found = load(tmp_path / "own", tmp_path)
    assert sorted(found.test_images[:, 0, 0, 0].tolist()) == [5, 11, 17]
    assert sorted(found.train_images[:, 0, 0, 0].tolist()) == [n for n in range(18) if n % 6 != 5]
    for images, labels in zip((found.train_images, found.test_images), found.labels, strict=True):
        assert labels.tolist() == [int(n >= 9) for n in images[:, 0, 0, 0].tolist()]


def test_pictures_are_read_once_until_one_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "own")
    said: list[str] = []
    first = load(folder, tmp_path, said)
    assert len(said) == 1
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "read_picture", None)
        assert load(folder, tmp_path, said).digest == first.digest
    assert len(said) == 1
    draw(folder / "000.png", 99)
    os.utime(folder / "000.png", ns=(1, 1))
    assert load(folder, tmp_path, said).digest != first.digest
    assert len(said) == 2


def test_the_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    one, other = (load(make(tmp_path / name), tmp_path) for name in ("one", "other"))
    assert one.digest == other.digest
    assert torch.equal(one.train_images, other.train_images)


def test_what_was_kept_and_is_damaged_is_read_again(tmp_path: Path) -> None:
    folder = make(tmp_path / "own")
    first = load(folder, tmp_path)
    (kept,) = (tmp_path / "data" / "pictures").glob("*.safetensors")
    kept.write_bytes(b"damaged")
    assert load(folder, tmp_path).digest == first.digest


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Image.fromarray(np.full((8, 8), 40_000, np.uint16)), "pixels of the mode I;16"),
        (Image.fromarray(np.full((8, 8), 0.5, np.float32)), "pixels of the mode F"),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 200)), "transparent in part"),
    ],
    ids=["16 bits", "floats", "transparent"],
)
def test_pictures_that_would_become_white_or_black_are_refused(
    picture: Image.Image, words: str, tmp_path: Path
) -> None:
    folder = make(tmp_path / "own")
    picture.save(folder / "odd.tif")
    with pytest.raises(DataError, match=rf"odd\.tif .*{words}"):
        load(folder, tmp_path)


def test_celeba_is_cut_out_of_aligned_pictures(tmp_path: Path) -> None:
    place = tmp_path / "data" / "celeba" / "img_align_celeba"
    for number in range(12):
        draw(place / f"{number:06}.jpg", number, size=(178, 218))
    large, small = load("celeba", tmp_path), load("celeba-32", tmp_path)
    assert large.shape.image == (3, 128, 128)
    assert small.shape.image == (3, 32, 32)
    assert large.train_labels is None
    whole = np.asarray(Image.open(place / "000000.jpg").convert("RGB"))
    top, left = (218 - CELEBA_CROP) // 2, (178 - CELEBA_CROP) // 2
    first = large.train_images[int(np.argmin(order(10)))]
    assert np.array_equal(first.permute(1, 2, 0).numpy(), whole[top : top + 128, left : left + 128])


def test_celeba_that_is_not_there_says_where_it_goes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="img_align_celeba") as found:
        load("celeba", tmp_path)
    assert str(tmp_path / "data" / "celeba") in str(found.value)


def test_a_folder_that_is_none_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="neither IDX files"):
        load(tmp_path / "empty", tmp_path)
    with pytest.raises(DataError, match="5 pictures"):
        load(make(tmp_path / "few", 5), tmp_path)
    with pytest.raises(DataError, match="no folder"):
        load(tmp_path / "absent", tmp_path)
    with pytest.raises(DataError, match="8 to 256"):
        folder_of("photos@3")
    folder = make(tmp_path / "own")
    (folder / "000.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"000\.png"):
        load(folder, tmp_path)
    small = tmp_path / "data" / "celeba"
    make(small)
    with pytest.raises(DataError, match="smaller than"):
        load("celeba", tmp_path)


def test_a_name_is_a_folder_only_where_it_looks_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    assert is_folder("photos")
    assert is_folder("photos@64")
    assert is_folder("somewhere/else")
    assert not is_folder("mnist")
