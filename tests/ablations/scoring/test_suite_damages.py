"""All metrics of damaged digits at once: each damage moves what is made for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from ablations.catalog.metric_facts import Tier
from ablations.data import Dataset
from ablations.scoring.features import Features
from ablations.scoring.panel import LABEL_FREE, READER, Panel, Views, load_panel
from ablations.scoring.suite import (
    References,
    evaluate,
    score,
)


def noisy(images: Tensor, grade: int) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + 0.15 * grade * noise).clamp(0, 1)


def shifted(images: Tensor, grade: int) -> Tensor:
    return images.roll(3 * grade, 2)


def occluded(images: Tensor, grade: int) -> Tensor:
    images = images.clone()
    images[:, :, : 7 + 3 * grade] = 0
    return images


def faded(images: Tensor, grade: int) -> Tensor:
    return images * (1 - 0.3 * grade)


def repeated(images: Tensor, grade: int) -> Tensor:
    distinct = len(images) // 10**grade
    return images[:distinct].repeat(10**grade, 1, 1, 1)


@pytest.mark.parametrize("damage", [noisy, shifted, occluded, faded, repeated])
def test_more_damage_scores_worse_by_both_kinds_of_features(
    damage: Callable[[Tensor, int], Tensor], panel: Panel, references: References, real: Tensor
) -> None:
    scores = [evaluate(damage(real, grade), panel, references) for grade in (0, 1, 2)]
    for name in ("frechet_500", "contrastive_frechet_500"):
        none, some, more = (row[name] for row in scores)
        assert none * 1.5 < some < more, name


def test_fewer_classes_score_worse_and_show_in_the_shares(
    digits: Dataset, panel: Panel, references: References
) -> None:
    scores = []
    for classes in (10, 5, 1):
        images = digits.train_images[digits.labels[0] < classes]
        scores.append(evaluate(images.repeat(5, 1, 1, 1)[:500], panel, references))
    for name in ("frechet_500", "class_share_frechet_500", "contrastive_frechet_500"):
        assert scores[0][name] < scores[1][name] < scores[2][name], name
    assert scores[2]["class_0"] > 0.9


def test_images_that_show_nothing_count_in_no_class_share(
    digits: Dataset, panel: Panel, references: References
) -> None:
    """Noise that the reader refuses leaves the shares of the digits beside it as they are, to the last digit."""
    noise = torch.rand(400, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    refused = noise[torch.from_numpy(~panel.views(noise)[READER].readable)][:200]
    assert len(refused) == 200
    images = digits.train_images[:300].float() / 255
    alone, mixed = (evaluate(batch, panel, references) for batch in (images, torch.cat([images, refused])))
    assert mixed["readable"] == pytest.approx(alone["readable"] * 300 / 500)
    for label in range(10):
        assert mixed[f"class_{label}"] == pytest.approx(alone[f"class_{label}"], rel=1e-12)
    assert mixed["balanced_frechet_500"] > 2 * alone["balanced_frechet_300_vs_500"]


def test_swapped_labels_lower_the_label_accuracy_and_nothing_else(
    views: Views, references: References, asked: np.ndarray
) -> None:
    swapped = np.concatenate([(asked[:250] + 1) % 10, asked[250:]])
    right, half = (score(views, references, labels) for labels in (asked, swapped))
    assert half.pop("label_accuracy") < 0.6 * right.pop("label_accuracy")
    assert half == right


def one_a_class(dataset: Dataset) -> Tensor:
    """50 times one and the same image of each class, one that the reader reads right."""
    seen = load_panel().views(dataset.test_images)[READER]
    right = torch.from_numpy((seen.labels == dataset.labels[1].numpy()) & seen.readable)
    first = [dataset.test_images[(dataset.labels[1] == label) & right][:1] for label in range(10)]
    return torch.cat(first).repeat(50, 1, 1, 1)


@pytest.mark.parametrize(
    ("damage", "falls", "rises", "stays"),
    [
        (
            lambda data: data.train_images[data.labels[0] < 3].repeat(3, 1, 1, 1)[:500],
            "mode_count recall",
            "mode_kl class_share_frechet contrastive_frechet",
            "readable",
        ),
        (
            one_a_class,
            "intra_class_diversity coverage recall vendi_score",
            "kernel_distance frechet_inf balanced_frechet sliced_wasserstein",
            "mode_count readable",
        ),
        (
            lambda data: data.train_images[:50].repeat(10, 1, 1, 1),
            "recall coverage",
            "frechet_inf",
            "precision mode_count readable",
        ),
        (
            lambda data: torch.rand(500, 1, 28, 28),
            "coverage readable",
            "frechet_inf kernel_distance balanced_frechet contrastive_kernel_distance sliced_wasserstein",
            "",
        ),
    ],
    ids=["classes dropped", "one image a class", "duplicates", "noise"],
)
def test_each_damage_moves_the_metrics_that_are_made_for_it(
    damage: Callable[[Dataset], Tensor],
    falls: str,
    rises: str,
    stays: str,
    digits: Dataset,
    panel: Panel,
    references: References,
    full: Mapping[str, float],
) -> None:
    found = evaluate(damage(digits), panel, references, tier="full")
    before, after = ({name.removesuffix("_500"): value for name, value in row.items()} for row in (full, found))
    for name in falls.split():
        assert after[name] < 0.7 * before[name], name
    for name in rises.split():
        assert after[name] > 1.2 * before[name], name
    for name in stays.split():
        assert after[name] == pytest.approx(before[name], rel=0.15), name


def test_copies_are_told_from_new_images(
    digits: Dataset, panel: Panel, references: References, full: Mapping[str, float]
) -> None:
    """The first training images are copies of themselves."""
    new = evaluate(digits.test_images, panel, references, tier="full")
    assert (full["memorization_500"], full["copy_share_500"], full["authenticity_500"]) == (1, 1, 0)
    assert full["copy_p_500"] < 1e-50
    assert full["data_copying_500"] < -5
    assert new["memorization_500"] == pytest.approx(0.5)
    assert new["copy_share_500"] < 0.01
    assert new["authenticity_500"] == pytest.approx(0.5, abs=0.15)
    assert new["data_copying_500"] == pytest.approx(0)


@pytest.mark.parametrize("tier", ["quick", "full"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_diverged_generator_scores_nan_under_the_same_names(
    panel: Panel,
    views: Views,
    references: References,
    real: Tensor,
    full: Mapping[str, float],
    asked: np.ndarray,
    value: float,
    tier: Tier,
) -> None:
    broken = real.clone()
    broken[17, 0, 3, 3] = value
    scores = evaluate(broken, panel, references, torch.from_numpy(asked), tier=tier)
    assert all(math.isnan(number) for number in scores.values())
    quick = score(views, references, asked).keys()
    assert scores.keys() == (quick if tier == "quick" else full.keys())


def test_one_kind_of_features_that_is_not_finite_makes_its_own_numbers_nan(
    views: Views, references: References, full: Mapping[str, float], asked: np.ndarray
) -> None:
    features = views[LABEL_FREE].features.copy()
    features[3] = math.nan
    scores = score({**views, LABEL_FREE: Features(features=features)}, references, asked, tier="full")
    assert {name for name, value in scores.items() if math.isnan(value) and not math.isnan(full[name])} == {
        name for name in full if name.startswith(LABEL_FREE)
    }
