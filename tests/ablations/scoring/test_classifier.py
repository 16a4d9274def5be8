"""Features: of one image alone, in full precision, by the classifier that is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn import functional

from ablations.config.errors import DataError
from ablations.scoring.extractors.classifier import CHUNK, WEIGHTS, Classifier, load_classifier
from ablations.scoring.extractors.classifier_training import digest_file


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(
        0, 256, (2 * CHUNK + 37, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def test_they_are_what_the_weights_say(classifier: Classifier, images: torch.Tensor) -> None:
    """Held against the network written out in float64."""
    w = {name: value.double() for name, value in load_file(WEIGHTS).items()}
    x = images[:20].double().unsqueeze(1) / 255
    for layer, (stride, padding) in {0: (2, 2), 2: (2, 1), 4: (2, 1)}.items():
        weight, bias = w[f"trunk.{layer}.weight"], w[f"trunk.{layer}.bias"]
        x = functional.conv2d(x, weight, bias, stride=stride, padding=padding).relu()
    x = (x.flatten(1) @ w["trunk.7.weight"].T + w["trunk.7.bias"]).relu()
    logits = x @ w["head.weight"].T + w["head.bias"]
    seen = classifier.features(images[:20])
    np.testing.assert_allclose(seen.features, x.numpy(), atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(seen.probabilities, logits.softmax(1).numpy(), atol=1e-4)
    assert seen.labels.tolist() == logits.argmax(1).tolist()
    assert seen.finite


def test_an_image_has_the_same_features_wherever_it_stands(classifier: Classifier, images: torch.Tensor) -> None:
    whole = classifier.features(images)
    for part in (slice(0, 1), slice(3, 40), slice(CHUNK - 5, CHUNK + 5), slice(1, None)):
        alone = classifier.features(images[part])
        assert np.array_equal(alone.features, whole.features[part])
        assert np.array_equal(alone.probabilities, whole.probabilities[part])
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(1))
    assert np.array_equal(classifier.features(images[order]).features, whole.features[order.numpy()])


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_bytes_and_floats_are_the_same_images(classifier: Classifier, images: torch.Tensor, kind: torch.dtype) -> None:
    floats = (images.float() / 255).to(kind)
    assert np.array_equal(classifier.features(floats).features, classifier.features(images).features)


def test_reduced_precision_of_the_caller_changes_no_bit_and_comes_back(
    classifier: Classifier, images: torch.Tensor
) -> None:
    expected = classifier.features(images).features
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert np.array_equal(classifier.features(images).features, expected)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_no_gradient_and_no_global_draw(classifier: Classifier) -> None:
    images = torch.rand(5, 28, 28, requires_grad=True)
    state = torch.get_rng_state()
    classifier.features(images)
    assert images.grad is None
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("place", [(0, 0), (13, 20), (27, 27)])
def test_one_value_that_is_not_finite_spoils_its_image_alone(
    classifier: Classifier, value: float, place: tuple[int, int]
) -> None:
    images = torch.rand(4, 28, 28)
    clean = classifier.features(images)
    images[(2, *place)] = value
    seen = classifier.features(images)
    assert np.isnan(seen.features[2]).all()
    assert not seen.finite
    keep = [0, 1, 3]
    assert np.array_equal(seen.features[keep], clean.features[keep])


@pytest.mark.parametrize(
    ("images", "problem"),
    [
        (torch.zeros(2, 3, 28, 28), r"shape \(n, 1, 28, 28\) or \(n, 28, 28\), not \(2, 3, 28, 28\)"),
        (torch.zeros(2, 784), r"shape"),
        (torch.zeros(2, 28, 28, dtype=torch.int64), r"uint8 or float, not torch.int64"),
        (torch.full((2, 28, 28), 1.5), r"in \[0, 1\], not in \[1.5, 1.5\]"),
        (torch.full((2, 28, 28), -1.0), r"in \[0, 1\]"),
    ],
)
def test_other_images_are_refused(classifier: Classifier, images: torch.Tensor, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        classifier.features(images)


def test_no_images_have_no_features(classifier: Classifier) -> None:
    assert classifier.features(torch.zeros(0, 28, 28)).features.shape == (0, 64)


# --- the file ---


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in (WEIGHTS, digest_file(WEIGHTS)):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path / WEIGHTS.name


def test_an_altered_or_truncated_file_is_refused(copy: Path) -> None:
    content = copy.read_bytes()
    for damaged in (content[:-1], content[:-1] + b"?", b""):
        copy.write_bytes(damaged)
        with pytest.raises(DataError, match=r"truncated or altered: its SHA-256 is"):
            load_classifier(copy)


@pytest.mark.parametrize("missing", ["classifier.safetensors", "classifier.safetensors.sha256"])
def test_a_missing_file_is_named(copy: Path, missing: str) -> None:
    (copy.parent / missing).unlink()
    with pytest.raises(DataError, match=rf"cannot read .*{missing}"):
        load_classifier(copy)


@pytest.mark.parametrize("change", ["tensor gone", "shape", "no metadata", "no safetensors"])
def test_the_weights_of_something_else_are_refused(copy: Path, change: str) -> None:
    import hashlib

    tensors = load_file(copy)
    with safe_open(copy, "pt") as file:
        metadata = file.metadata()
    if change == "tensor gone":
        del tensors["head.bias"]
    elif change == "shape":
        tensors["head.bias"] = torch.zeros(11)
    save_file(tensors, copy, metadata=None if change == "no metadata" else metadata)
    if change == "no safetensors":
        copy.write_bytes(b"something else")
    digest_file(copy).write_text(hashlib.sha256(copy.read_bytes()).hexdigest())
    with pytest.raises(DataError, match="is no classifier of this project"):
        load_classifier(copy)
