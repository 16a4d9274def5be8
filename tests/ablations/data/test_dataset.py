"""What a dataset is: its arrays, its shape, its digest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ablations import register
from ablations.config.errors import ConfigError, DataError
from ablations.data import Dataset, load_dataset
from ablations.data.plausible import check_plausible
from ablations.data.splits import validation_split
from tests.ablations.small_mnist import put


def test_the_digest_covers_every_array_but_not_the_name(small: dict[str, bytes], tmp_path: Path) -> None:
    put(tmp_path, small)
    dataset = load_dataset(folder=tmp_path)
    assert replace(dataset, name="other").digest == dataset.digest
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        values = getattr(dataset, name).clone()
        values[0] ^= 1
        assert replace(dataset, **{name: values}).digest != dataset.digest


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(3, 1, 28, 28), torch.zeros(3, dtype=torch.int64)),
        (torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64)),
        (torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64)),
        (torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.zeros(3, dtype=torch.uint8)),
        (torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.full((3,), -1)),
    ],
)
def test_arrays_of_another_form_are_refused(images: torch.Tensor, labels: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"(images|labels) must be (uint8|int64)"):
        Dataset(name="x", train_images=images, train_labels=labels, test_images=images, test_labels=labels)


def test_splits_of_different_form_are_refused() -> None:
    small, large = (torch.zeros(3, 1, side, 8, dtype=torch.uint8) for side in (8, 9))
    labels = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(ValueError, match="the same in both splits"):
        Dataset(name="x", train_images=small, train_labels=labels, test_images=large, test_labels=labels)
    with pytest.raises(ValueError, match="both splits have labels, or neither"):
        Dataset(name="x", train_images=small, train_labels=labels, test_images=small, test_labels=None)


def test_a_dataset_says_its_shape_and_its_digest_tells_colours_from_rows() -> None:
    values = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8)
    shapes = [(2, 3, 4, 5), (2, 3, 5, 4), (6, 1, 4, 5)]
    found = [
        Dataset(
            name="x",
            train_images=values.view(shape),
            train_labels=None,
            test_images=values.view(shape),
            test_labels=None,
        )
        for shape in shapes
    ]
    assert found[0].shape.image == (3, 4, 5)
    assert found[0].shape.values == 60
    assert found[0].shape.classes is None
    assert len({one.digest for one in found}) == len(shapes)
    with pytest.raises(ConfigError, match="'x' has no labels"):
        _ = found[0].labels


def test_there_are_as_many_classes_as_the_largest_label_of_either_split_says() -> None:
    images = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    low, high = torch.tensor([0, 2]), torch.tensor([1, 4])
    labelled = Dataset(name="x", train_images=images, train_labels=low, test_images=images, test_labels=high)
    assert labelled.shape.classes == 5


def test_the_first_sixth_is_the_validation_part_and_labels_stay_with_their_images() -> None:
    numbers = torch.arange(31, dtype=torch.uint8)
    images, labels = numbers.view(-1, 1, 1, 1).expand(-1, 1, 8, 8), numbers.long() % 7
    whole = Dataset(name="x", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    split = validation_split(whole)
    assert split.test_images[:, 0, 0, 0].tolist() == [*range(5)]
    assert split.train_images[:, 0, 0, 0].tolist() == [*range(5, 31)]
    assert [part.tolist() for part in split.labels] == [[n % 7 for n in range(5, 31)], [*range(5)]]
    assert validation_split(replace(whole, train_labels=None, test_labels=None)).train_labels is None


def _mine(images: torch.Tensor, labels: torch.Tensor | None = None, test: torch.Tensor | None = None) -> Dataset:
    other = labels if test is None else test
    shown = images if other is None else images[: len(other)]
    return Dataset(name="mine", train_images=images, train_labels=labels, test_images=shown, test_labels=other)


def test_shuffled_data_are_the_same_images_with_their_labels_in_an_order_that_says_nothing() -> None:
    values = torch.arange(90, dtype=torch.uint8)
    images, labels = values[:, None, None, None].expand(90, 1, 2, 2).clone(), torch.arange(90) // 30
    sorted_by_class = _mine(images, labels)
    mixed = sorted_by_class.shuffled()
    for shown, told in zip((mixed.train_images, mixed.test_images), mixed.labels, strict=True):
        assert sorted(shown[:, 0, 0, 0].tolist()) == [*range(90)]
        assert (shown[:, 0, 0, 0] // 30).tolist() == told.tolist()
        assert torch.bincount(told[:30]).min() >= 5, "the first third stands for all"
    assert mixed.digest == sorted_by_class.shuffled().digest != sorted_by_class.digest


GREY = torch.randint(0, 256, (12, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (_mine(GREY, 1 + torch.arange(12) % 3), r"no training image of class 0: .*\(here they go from 1 to 3\)"),
        (_mine(GREY, torch.arange(12) % 4, torch.arange(9) % 3), r"no test image of class 3: "),
        (_mine(GREY // 255), r"no value above 1: .*\(255 \* x\)\.round\(\)"),
        (_mine(GREY.permute(0, 2, 3, 1).contiguous()), r"images of 8x1 pixels in 8 channels: .*permute\(0, 3, 1, 2\)"),
    ],
)
def test_arrays_that_would_train_and_mean_nothing_are_refused(dataset: Dataset, words: str) -> None:
    with pytest.raises(DataError, match=f"the dataset 'mine' has {words}"):
        check_plausible(dataset)


def test_the_usual_arrays_are_plausible() -> None:
    check_plausible(_mine(GREY))
    check_plausible(_mine(GREY.expand(12, 3, 8, 8), torch.arange(12) % 3))


def test_data_of_ones_own_are_looked_over_and_mixed_unless_they_say_that_they_are() -> None:
    sorted_by_class = _mine(GREY, torch.arange(12) // 4)
    register("dataset", "sorted", lambda folder, notify: sorted_by_class)
    register("dataset", "as-it-is", lambda folder, notify: sorted_by_class, mixed=True)
    register("dataset", "from-one", lambda folder, notify: _mine(GREY, 1 + torch.arange(12) // 4))
    assert load_dataset("sorted").digest == sorted_by_class.shuffled().digest
    assert load_dataset("as-it-is").digest == sorted_by_class.digest
    with pytest.raises(DataError, match="class 0"):
        load_dataset("from-one")
