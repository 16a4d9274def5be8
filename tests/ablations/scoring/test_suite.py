"""The suite: names that state their protocol, damage that raises the score, no crash on a diverged generator."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from ablations.catalog.metric_facts import Tier
from ablations.data import Dataset, load_dataset
from ablations.scoring import suite
from ablations.scoring.extractors.classifier import Classifier, load_classifier
from ablations.scoring.metrics.histogram import class_shares
from ablations.scoring.metrics.label_accuracy import label_accuracy, label_accuracy_by_class
from ablations.scoring.metrics.values import Reference
from ablations.scoring.suite import (
    evaluate,
    noise_floor,
    primary_metric,
    reference_of,
    sample_count,
)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier()


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def reference(digits: Dataset, classifier: Classifier) -> Reference:
    return reference_of(digits, classifier)


@pytest.fixture(scope="module")
def real(digits: Dataset) -> Tensor:
    """500 real images in [0, 1] that are not in the reference."""
    return digits.train_images[:500].float() / 255


# --- names ---


def test_the_primary_metric_is_what_an_evaluation_of_the_right_number_of_samples_gives(
    digits: Dataset, classifier: Classifier, reference: Reference, real: Tensor
) -> None:
    assert sample_count(digits) == 500
    assert primary_metric(digits) == "frechet_500"
    assert primary_metric(digits) in evaluate(real, classifier, reference)
    assert "frechet_200_vs_500" in evaluate(real[:200], classifier, reference)


def test_mnist_is_scored_by_10k() -> None:
    images, labels = torch.zeros(10_000, 1, 28, 28, dtype=torch.uint8), torch.zeros(10_000, dtype=torch.int64)
    dataset = Dataset(name="x", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    assert primary_metric(dataset) == "frechet_10k"


def test_names_are_what_mlflow_takes(
    digits: Dataset, classifier: Classifier, reference: Reference, real: Tensor
) -> None:
    scores = evaluate(real, classifier, reference, digits.labels[0][:500], tier="full")
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in scores)
    assert all(type(value) is float for value in scores.values())


def test_the_quick_tier_is_part_of_the_full_one(
    digits: Dataset, classifier: Classifier, reference: Reference, real: Tensor
) -> None:
    quick = evaluate(real, classifier, reference)
    assert quick.items() <= evaluate(real, classifier, reference, tier="full").items()
    assert "label_accuracy" not in quick


# --- values ---


def test_the_test_images_against_themselves_score_zero(
    digits: Dataset, classifier: Classifier, reference: Reference
) -> None:
    scores = evaluate(digits.test_images, classifier, reference, digits.test_labels)
    assert scores["frechet_500"] == pytest.approx(0, abs=1e-9)
    assert sum(scores[f"class_{label}"] for label in range(10)) == pytest.approx(1)
    assert scores["label_accuracy"] > 0.85


def test_the_noise_floor_is_the_score_of_training_images_and_any_generator_could_reach_it(
    digits: Dataset, classifier: Classifier, reference: Reference, real: Tensor
) -> None:
    floor = noise_floor(digits, classifier)
    assert floor == evaluate(real, classifier, reference, digits.labels[0][:500])
    assert 0 < floor["frechet_500"] < 2
    assert evaluate(torch.rand(500, 28, 28), classifier, reference)["frechet_500"] > 100 * floor["frechet_500"]


def noisy(images: Tensor, grade: int) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + 0.1 * grade * noise).clamp(0, 1)


def shifted(images: Tensor, grade: int) -> Tensor:
    return images.roll(2 * grade, 1)


def occluded(images: Tensor, grade: int) -> Tensor:
    images = images.clone()
    images[:, : 7 + 3 * grade] = 0
    return images


def faded(images: Tensor, grade: int) -> Tensor:
    return images * (1 - 0.25 * grade)


def repeated(images: Tensor, grade: int) -> Tensor:
    distinct = len(images) // 10**grade
    return images[:distinct].repeat(10**grade, 1, 1)


@pytest.mark.parametrize("damage", [noisy, shifted, occluded, faded, repeated])
def test_more_damage_scores_worse(
    damage: Callable[[Tensor, int], Tensor], classifier: Classifier, reference: Reference, real: Tensor
) -> None:
    scores = [evaluate(damage(real, grade), classifier, reference)["frechet_500"] for grade in (0, 1, 2)]
    assert scores[0] * 1.5 < scores[1] < scores[2]


def test_fewer_classes_score_worse_and_show_in_the_histogram(
    digits: Dataset, classifier: Classifier, reference: Reference
) -> None:
    scores = []
    for classes in (10, 5, 1):
        images = digits.train_images[digits.labels[0] < classes]
        scores.append(evaluate(images.repeat(5, 1, 1)[:500], classifier, reference))
    assert scores[0]["frechet_500"] < scores[1]["frechet_500"] < scores[2]["frechet_500"]
    assert scores[2]["class_0"] > 0.9


def test_swapped_labels_lower_the_label_accuracy_and_nothing_else(
    digits: Dataset, classifier: Classifier, reference: Reference, real: Tensor
) -> None:
    asked = digits.labels[0][:500]
    swapped = torch.cat([(asked[:250] + 1) % 10, asked[250:]])
    right, half = (evaluate(real, classifier, reference, labels) for labels in (asked, swapped))
    assert half.pop("label_accuracy") < 0.6 * right.pop("label_accuracy")
    assert half == right


def one_a_class(dataset: Dataset) -> Tensor:
    """50 times one and the same image of each class, one that the classifier reads right."""
    read = torch.from_numpy(load_classifier().features(dataset.test_images).labels)
    first = [dataset.test_images[(dataset.labels[1] == n) & (read == n)][:1] for n in range(10)]
    return torch.cat(first).repeat(50, 1, 1, 1)


@pytest.mark.parametrize(
    ("damage", "falls", "rises", "stays"),
    [
        (
            lambda d: d.train_images[d.labels[0] < 3].repeat(2, 1, 1, 1)[:500],
            "mode_count recall",
            "mode_kl",
            "precision",
        ),
        (
            one_a_class,
            "intra_class_diversity coverage recall",
            "kernel_distance frechet_inf",
            "mode_count",
        ),
        (lambda d: d.train_images[:50].repeat(10, 1, 1, 1), "recall coverage", "frechet_inf", "precision mode_count"),
        (lambda d: torch.rand(500, 28, 28), "precision density coverage", "frechet_inf kernel_distance", ""),
    ],
    ids=["classes dropped", "one image a class", "duplicates", "noise"],
)
def test_each_damage_moves_the_metrics_that_are_made_for_it(
    damage: Callable[[Dataset], Tensor],
    falls: str,
    rises: str,
    stays: str,
    digits: Dataset,
    classifier: Classifier,
    reference: Reference,
    real: Tensor,
) -> None:
    before, after = (
        {
            name.removesuffix("_500"): value
            for name, value in evaluate(images, classifier, reference, tier="full").items()
        }
        for images in (real, damage(digits))
    )
    for name in falls.split():
        assert after[name] < 0.7 * before[name], name
    for name in rises.split():
        assert after[name] > 1.2 * before[name], name
    for name in stays.split():
        assert after[name] == pytest.approx(before[name], rel=0.15), name


def test_copies_are_told_from_new_images(digits: Dataset, classifier: Classifier, reference: Reference) -> None:
    copies, new = (
        evaluate(images, classifier, reference, tier="full")
        for images in (digits.train_images[:500], digits.test_images)
    )
    assert (copies["memorization_500"], copies["copy_share_500"]) == (1, 1)
    assert new["memorization_500"] == pytest.approx(0.5)
    assert new["copy_share_500"] < 0.01


@pytest.mark.parametrize("tier", ["quick", "full"])
def test_a_diverged_generator_scores_nan_under_the_same_names(
    digits: Dataset, classifier: Classifier, reference: Reference, real: Tensor, tier: Tier
) -> None:
    asked = digits.labels[0][:500]
    expected = evaluate(real, classifier, reference, asked, tier=tier)
    for broken in (real.clone(), torch.full_like(real, torch.nan), torch.full_like(real, torch.inf)):
        broken[17, 3, 3] = torch.nan
        scores = evaluate(broken, classifier, reference, asked, tier=tier)
        assert scores.keys() == expected.keys()
        assert all(np.isnan(value) for value in scores.values())


# --- the reference ---


def test_the_reference_is_computed_once_for_each_dataset_and_classifier(
    digits: Dataset, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "_references", {})
    first = reference_of(digits, classifier)
    assert reference_of(digits, classifier) is first
    other = Classifier(classifier._network, "another digest", classifier.facts)
    assert reference_of(digits, other) is not first
    assert reference_of(digits, other).digest != first.digest


# --- the small metrics ---


def test_class_shares() -> None:
    assert class_shares(np.array([1, 1, 9, 0]), 10).tolist() == [0.25, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.25]


def test_label_accuracy_overall_and_by_class() -> None:
    labels, asked = np.array([1, 2, 2, 9]), np.array([1, 1, 2, 9])
    assert label_accuracy(labels, asked) == 0.75
    by_class = label_accuracy_by_class(labels, asked, 10)
    assert by_class[[1, 2, 9]].tolist() == [0.5, 1, 1]
    assert np.isnan(by_class[[0, 3, 4, 5, 6, 7, 8]]).all()
