"""The reader: learns, abstains, is reproducible to the bit, and its frozen weights are as good as they say."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from ablations.config.errors import DataError
from ablations.data import Dataset, data_folder, load_dataset, mnist
from ablations.scoring.extractors.frozen import digest_file
from ablations.scoring.extractors.pixels import CHUNK
from ablations.scoring.extractors.readable import DAMAGES, readings, refusals
from ablations.scoring.extractors.reader import WEIGHTS, Reader, load_reader
from ablations.scoring.extractors.train_reader import train_reader
from ablations.scoring.extractors.trunk import in_unit_range


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


def few(dataset: Dataset) -> Dataset:
    return replace(dataset, train_images=dataset.train_images[:320], train_labels=dataset.labels[0][:320])


# --- training ---


@pytest.mark.slow
def test_it_learns_to_read_and_to_abstain_and_writes_what_it_reports(digits: Dataset, tmp_path: Path) -> None:
    calls: list[tuple[int, int, float]] = []
    out = tmp_path / "weights.safetensors"
    made = train_reader(digits, out, epochs=25, on_progress=lambda *call: calls.append(call))
    assert calls[-1][0] == calls[-1][1] == 200
    assert made.facts["accuracy"] > 0.9
    assert made.facts["refusals"]["uniform noise"] > 0.95
    assert made.digest == hashlib.sha256(out.read_bytes()).hexdigest()
    loaded = load_reader(out)
    assert loaded.digest == made.digest
    assert loaded.facts["readings"] == made.facts["readings"]
    seen = loaded.features(digits.test_images)
    right = (seen.labels == digits.labels[1].numpy()) & seen.readable
    assert right.mean() == made.facts["accuracy"]


def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before(digits: Dataset, tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(7)
        before = torch.get_rng_state()
        digests.append(train_reader(few(digits), tmp_path / name, seed=seed, epochs=1).digest)
        assert torch.equal(before, torch.get_rng_state())
    assert digests[0] == digests[1] != digests[2]


def test_images_of_another_shape_with_fewer_classes_make_a_reader_of_their_own(tmp_path: Path) -> None:
    """Colour images are no `Dataset` yet, so this goes by the network alone."""
    from ablations.scoring.extractors.reader import ReaderNetwork

    network = ReaderNetwork((3, 32, 20), 4).frozen()
    extractor = Reader(network, "", {"shape": [3, 32, 20], "threshold": 0.5})
    seen = extractor.features(torch.rand(5, 3, 32, 20))
    assert seen.probabilities is not None
    assert seen.probabilities.shape == (5, 4)
    with pytest.raises(DataError, match=r"takes images of 3 x 32 x 20 .* not of 1 x 28 x 28"):
        extractor.features(torch.rand(2, 28, 28))


# --- features ---


@pytest.fixture
def images() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2 * CHUNK + 37, 1, 28, 28), dtype=torch.uint8, generator=generator)


def test_features_are_what_the_weights_say(reader: Reader, images: torch.Tensor) -> None:
    """Held against the network written out in float64."""
    w = {name: value.double() for name, value in load_file(WEIGHTS).items()}
    x = images[:20].double() / 255
    for layer, padding in ((0, 2), (2, 1), (4, 1)):
        weight, bias = w[f"trunk.{layer}.weight"], w[f"trunk.{layer}.bias"]
        x = functional.conv2d(x, weight, bias, stride=2, padding=padding).relu()
    x = (x.flatten(1) @ w["trunk.7.weight"].T + w["trunk.7.bias"]).relu()
    shares = (x @ w["head.weight"].T + w["head.bias"]).softmax(1)
    seen = reader.features(images[:20])
    assert seen.probabilities is not None
    assert seen.shapeless is not None
    np.testing.assert_allclose(seen.features, x.numpy(), atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(seen.shapeless, shares[:, 10].numpy(), atol=1e-4)
    np.testing.assert_allclose(seen.probabilities.sum(1), 1, atol=1e-5)


def test_an_image_has_the_same_features_wherever_it_stands(reader: Reader, images: torch.Tensor) -> None:
    whole = reader.features(images)
    for part in (slice(0, 1), slice(3, 40), slice(CHUNK - 5, CHUNK + 5), slice(1, None)):
        assert np.array_equal(reader.features(images[part]).features, whole.features[part])
    assert np.array_equal(reader.features(images.squeeze(1)).features, whole.features)
    assert np.array_equal(reader.features(images.float() / 255).features, whole.features)
    assert len(reader.features(images[:0])) == 0


def test_reduced_precision_of_the_caller_changes_no_bit_and_comes_back(reader: Reader, images: torch.Tensor) -> None:
    expected = reader.features(images).features
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert np.array_equal(reader.features(images).features, expected)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_one_value_that_is_not_finite_spoils_its_image_alone(reader: Reader, value: float) -> None:
    images = torch.rand(4, 1, 28, 28)
    clean = reader.features(images)
    images[2, 0, 27, 0] = value
    seen = reader.features(images)
    assert np.isnan(seen.features[2]).all()
    assert not seen.finite
    assert np.array_equal(seen.features[[0, 1, 3]], clean.features[[0, 1, 3]])


@pytest.mark.parametrize(
    ("images", "error", "problem"),
    [
        (torch.zeros(2, 3, 28, 28), DataError, r"takes images of 1 x 28 x 28 .*, not of 3 x 28 x 28"),
        (torch.zeros(2, 32, 32), DataError, r"not of 1 x 32 x 32"),
        (torch.zeros(2, 784), ValueError, r"shape \(n, channels, height, width\), not \(2, 784\)"),
        (torch.zeros(2, 28, 28, dtype=torch.int64), ValueError, r"uint8 or float, not torch.int64"),
        (torch.full((2, 28, 28), 1.5), ValueError, r"in \[0, 1\], not in \[1.5, 1.5\]"),
    ],
)
def test_other_images_are_refused(reader: Reader, images: torch.Tensor, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        reader.features(images)


# --- the frozen weights ---


def test_the_frozen_file_is_small_and_its_facts_hold_the_targets() -> None:
    assert WEIGHTS.stat().st_size < 600_000
    facts = load_reader().facts
    assert digest_file(WEIGHTS).read_text().split()[0] == load_reader().digest
    assert facts["data_digest"] == "ce3886e150f73eda1adc78acad47da4697dc8b759111ee0b6a878481ea6a4f10"
    assert facts["accuracy"] >= 0.99
    assert set(facts["readings"]) == set(DAMAGES)
    assert facts["readings"]["none"]["unreadable"] <= 0.005


def test_the_frozen_reader_is_as_good_as_it_states() -> None:
    raw = data_folder() / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in mnist.FILES):
        pytest.skip(f"MNIST is not in {raw}; `ablations data` fetches it")
    dataset, reader = load_dataset(), load_reader()
    images, labels = in_unit_range(dataset.test_images[::4]), dataset.labels[1][::4]
    found = readings(reader, images, labels)
    for name, stated in reader.facts["readings"].items():
        assert found[name]["right"] == pytest.approx(stated["right"], abs=0.03), name
    refused = refusals(reader, images, labels)
    for name, stated in reader.facts["refusals"].items():
        assert refused[name] == pytest.approx(stated, abs=0.03), name


def test_the_frozen_reader_reads_digits_of_other_hands(digits: Dataset, reader: Reader) -> None:
    seen = reader.features(digits.test_images)
    assert ((seen.labels == digits.labels[1].numpy()) & seen.readable).mean() > 0.85
