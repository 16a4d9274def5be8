"""The classifier: cheap, reproducible to the bit, and its frozen weights as good as they claim."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from ablations.config.errors import DataError
from ablations.data import Dataset, data_folder, load_dataset, mnist
from ablations.scoring.extractors.classifier import WEIGHTS, load_classifier
from ablations.scoring.extractors.classifier_training import FEATURES, METADATA_KEY, ClassifierNetwork, train_classifier


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def test_it_learns_the_digits_and_writes_what_it_reports(digits: Dataset, tmp_path: Path) -> None:
    calls: list[tuple[int, int, float]] = []
    out = tmp_path / "weights.safetensors"
    report = train_classifier(digits, out, epochs=8, on_progress=lambda *call: calls.append(call))
    assert report.accuracy > 0.9
    assert [step for step, _, _ in calls] == list(range(1, 81))
    assert {steps for _, steps, _ in calls} == {80}
    assert calls[-1][2] < calls[0][2] / 5
    content = out.read_bytes()
    assert (report.size, report.digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "weights.safetensors.sha256").read_text() == f"{report.digest}  weights.safetensors\n"
    classifier = load_classifier(out)
    assert classifier.digest == report.digest
    assert asdict(classifier.facts).items() <= asdict(report).items()
    seen = classifier.features(digits.test_images)
    assert (seen.labels == digits.labels[1].numpy()).mean() == report.accuracy


def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before(digits: Dataset, tmp_path: Path) -> None:
    few = replace(digits, train_images=digits.train_images[:300], train_labels=digits.labels[0][:300])
    digests = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(7)
        before = torch.get_rng_state()
        digests.append(train_classifier(few, tmp_path / name, seed=seed, epochs=1).digest)
        assert torch.equal(before, torch.get_rng_state())
    assert digests[0] == digests[1] != digests[2]


def test_folding_batch_norm_changes_no_output() -> None:
    torch.manual_seed(3)
    network = ClassifierNetwork(normalized=True)
    images = torch.rand(64, 1, 28, 28)
    for _ in range(5):
        network(images)
    folded = network.folded()
    assert not [layer for layer in folded.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert folded.state_dict().keys() == ClassifierNetwork().state_dict().keys()
    torch.testing.assert_close(folded(images), network.eval()(images), rtol=1e-4, atol=1e-5)


def test_it_costs_no_more_than_three_quarters_of_a_million_multiplications() -> None:
    network, count = ClassifierNetwork(), 0

    def add(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal count
        weight = layer.get_parameter("weight")
        count += weight.numel() * (output[0, 0].numel() if output.ndim == 4 else 1)

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(add)
    network(torch.zeros(1, 1, 28, 28))
    assert 500_000 < count < 750_000


def test_a_place_that_cannot_be_written_is_named(digits: Dataset, tmp_path: Path) -> None:
    few = replace(digits, train_images=digits.train_images[:200], train_labels=digits.labels[0][:200])
    with pytest.raises(DataError, match=r"cannot write .*absent.weights"):
        train_classifier(few, tmp_path / "absent" / "weights", epochs=1)


# --- the frozen weights ---


def test_the_frozen_file_is_small_and_says_where_it_comes_from() -> None:
    assert WEIGHTS.stat().st_size < 600_000
    with safe_open(WEIGHTS, "pt") as file:
        facts = json.loads(file.metadata()[METADATA_KEY])
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float32}  # noqa: SIM118 - no mapping
    assert facts["accuracy"] >= 0.99
    assert facts["dataset"] == "mnist"
    assert facts["data_digest"] == "ce3886e150f73eda1adc78acad47da4697dc8b759111ee0b6a878481ea6a4f10"
    assert load_classifier().features(torch.zeros(1, 28, 28)).features.shape == (1, FEATURES)


def test_the_frozen_classifier_is_as_accurate_as_it_states() -> None:
    raw = data_folder() / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in mnist.FILES):
        pytest.skip(f"MNIST is not in {raw}; `ablations data` fetches it")
    dataset, classifier = load_dataset(), load_classifier()
    accuracy = (classifier.features(dataset.test_images).labels == dataset.labels[1].numpy()).mean()
    assert accuracy == pytest.approx(classifier.facts.accuracy, abs=2e-4)


def test_the_frozen_classifier_reads_the_digits_it_never_saw(digits: Dataset) -> None:
    seen = load_classifier().features(digits.test_images)
    assert (seen.labels == digits.labels[1].numpy()).mean() > 0.85
