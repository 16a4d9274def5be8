"""The suite: names that state protocol and features, damage that raises the score, no crash on a diverged generator."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from ablations.catalog.metric_facts import EXTRACTORS, Tier
from ablations.catalog.metrics import METRICS, facts
from ablations.data import Dataset, load_dataset
from ablations.scoring import suite
from ablations.scoring.features import Features
from ablations.scoring.metrics.balanced_frechet import balanced_frechet
from ablations.scoring.metrics.values import reading_of
from ablations.scoring.panel import LABEL_FREE, PANEL, READER, Panel, Views, load_panel
from ablations.scoring.suite import (
    References,
    evaluate,
    noise_floor,
    primary_metric,
    references_of,
    sample_count,
    score,
)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_panel()


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def references(digits: Dataset, panel: Panel) -> References:
    return references_of(digits, panel)


@pytest.fixture(scope="module")
def real(digits: Dataset) -> Tensor:
    """500 real images in [0, 1] that are not in the reference."""
    return digits.train_images[:500].float() / 255


@pytest.fixture(scope="module")
def views(real: Tensor, panel: Panel) -> Views:
    return panel.views(real)


@pytest.fixture(scope="module")
def asked(digits: Dataset) -> np.ndarray:
    return digits.labels[0][:500].numpy()


@pytest.fixture(scope="module")
def full(views: Views, references: References, asked: np.ndarray) -> dict[str, float]:
    """All metrics of real images, and of what they should show."""
    return score(views, references, asked, tier="full")


# --- names ---


def test_the_primary_metric_is_what_an_evaluation_of_the_right_number_of_samples_gives(
    digits: Dataset, panel: Panel, references: References, real: Tensor
) -> None:
    assert sample_count(digits) == 500
    assert primary_metric(digits) == "balanced_frechet_500"
    assert primary_metric(digits) in evaluate(real, panel, references)
    fewer = evaluate(real[:200], panel, references)
    assert {"frechet_200_vs_500", "contrastive_frechet_200_vs_500"} <= fewer.keys()


def test_mnist_is_scored_by_10k() -> None:
    images, labels = torch.zeros(10_000, 1, 28, 28, dtype=torch.uint8), torch.zeros(10_000, dtype=torch.int64)
    dataset = Dataset(name="x", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    assert primary_metric(dataset) == "balanced_frechet_10k"


def test_names_are_what_mlflow_takes(full: Mapping[str, float]) -> None:
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in full)
    assert all(type(value) is float for value in full.values())


def test_every_number_has_its_row_and_every_row_of_images_its_number(full: Mapping[str, float]) -> None:
    by_panel = {name for name, row in METRICS.items() if row.of == "images" and {*row.extractors} & {*PANEL}}
    assert {facts(name).name for name in full} == by_panel


def test_the_quick_tier_is_part_of_the_full_one(
    views: Views, references: References, full: Mapping[str, float], asked: np.ndarray
) -> None:
    quick = score(views, references)
    assert quick.items() <= full.items()
    assert "label_accuracy" not in quick


def test_metrics_of_both_kinds_of_features_are_told_apart_by_their_first_word(
    views: Views, references: References, full: Mapping[str, float], asked: np.ndarray
) -> None:
    """Each kind alone gives the same numbers, and what needs the other kind it does not give."""
    labelled = score({READER: views[READER]}, references, asked, tier="full")
    assert labelled == {name: full[name] for name in full if not name.startswith(f"{LABEL_FREE}_")}
    both = {row.name for row in METRICS.values() if row.extractors == tuple(EXTRACTORS) and row.name in labelled}
    assert all(f"{LABEL_FREE}_{name}" in full for name in both)
    assert full[f"{LABEL_FREE}_frechet_500"] != full["frechet_500"]


def test_the_image_part_by_label_free_features_is_over_what_the_reader_reads(
    views: Views, references: References, full: Mapping[str, float]
) -> None:
    reference = references[LABEL_FREE]
    read = reading_of(views[READER])
    assert read is not None
    parts = balanced_frechet(views[LABEL_FREE].features, read, reference.test.features, reference.reading)
    assert full["contrastive_balanced_frechet_500"] == pytest.approx(parts.images, rel=1e-9)


# --- values ---


def test_the_test_images_against_themselves_score_zero(digits: Dataset, panel: Panel, references: References) -> None:
    scores = evaluate(digits.test_images, panel, references, digits.test_labels)
    for name in ("frechet", "balanced_frechet", "class_share_frechet", "contrastive_frechet"):
        assert scores[f"{name}_500"] == pytest.approx(0, abs=1e-6), name
    assert sum(scores[f"class_{label}"] for label in range(10)) == pytest.approx(1)
    assert scores["label_accuracy"] > 0.85


def test_real_images_are_near_the_floor_of_every_score(full: Mapping[str, float]) -> None:
    """Other real images, so not 0: what no generator need do better than."""
    assert 0 < full["frechet_500"] < 2
    assert 0 < full["contrastive_frechet_500"] < 2
    assert full["readable"] > 0.9
    assert full["mode_count_500"] == 10
    assert full["mode_kl_500"] < 0.02
    assert full["intra_class_diversity"] == pytest.approx(1, abs=0.15)


def test_the_noise_floor_is_the_score_of_training_images_and_any_generator_could_reach_it(
    digits: Dataset, panel: Panel, references: References, real: Tensor
) -> None:
    floor = noise_floor(digits, panel)
    assert floor == evaluate(real, panel, references, digits.labels[0][:500])
    assert evaluate(torch.rand(500, 1, 28, 28), panel, references)["frechet_500"] > 20 * floor["frechet_500"]


@pytest.mark.parametrize("kind", ["", "contrastive_"])
@pytest.mark.parametrize("classes", [range(10), range(4), (7,)])
def test_the_distance_is_its_two_parts_exactly(
    classes: range | tuple[int, ...], kind: str, digits: Dataset, panel: Panel, references: References
) -> None:
    chosen = torch.isin(digits.labels[0], torch.tensor(list(classes)))
    images = digits.train_images[chosen].repeat(10, 1, 1, 1)[:500]
    scores = evaluate(images, panel, references)
    parts = [scores[f"{kind}{name}_500"] for name in ("balanced_frechet", "class_share_frechet")]
    assert sum(parts) == pytest.approx(scores[f"{kind}frechet_500"], rel=1e-12, abs=1e-12)


def test_the_order_of_the_samples_does_not_matter(
    views: Views, references: References, full: Mapping[str, float], asked: np.ndarray
) -> None:
    """But for estimates over random parts of the samples, which are of other parts then: `test_order` bounds those."""
    drawn = ("frechet_inf", "kernel_distance_error", "authenticity", "likelihood_divergence", "sliced", "vendi")
    order = np.argsort(asked, kind="stable")
    again = score({name: seen.rows(order) for name, seen in views.items()}, references, asked[order], tier="full")
    assert again.keys() == full.keys()
    for name, value in full.items():
        bare = facts(name).name.removeprefix("contrastive_")
        loose = bare.startswith(drawn)
        expected = pytest.approx(value, rel=0.5 if loose else 1e-6, abs=0.5 if loose else 1e-6, nan_ok=True)
        assert again[name] == expected, name


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
    assert scores.keys() <= full.keys()
    assert tier == "quick" or scores.keys() == full.keys()


def test_one_kind_of_features_that_is_not_finite_makes_its_own_numbers_nan(
    views: Views, references: References, full: Mapping[str, float], asked: np.ndarray
) -> None:
    features = views[LABEL_FREE].features.copy()
    features[3] = math.nan
    scores = score({**views, LABEL_FREE: Features(features=features)}, references, asked, tier="full")
    assert {name for name, value in scores.items() if math.isnan(value) and not math.isnan(full[name])} == {
        name for name in full if name.startswith(LABEL_FREE)
    }


# --- data without labels ---


def test_data_without_labels_give_the_metrics_that_need_none(digits: Dataset, panel: Panel, real: Tensor) -> None:
    """A panel without the reader: what is left is told by label-free features alone."""
    unlabelled = replace(digits, train_labels=None, test_labels=None)
    alone = panel.only(LABEL_FREE)
    scores = evaluate(real, alone, references_of(unlabelled, alone), tier="full")
    expected = {
        name
        for name, row in METRICS.items()
        if row.of == "images" and name.startswith(LABEL_FREE) and row.needs == "features"
    }
    assert {facts(name).name for name in scores} == expected
    assert all(math.isfinite(value) for value in scores.values())
    assert noise_floor(unlabelled, alone).keys() < scores.keys()


# --- the references ---


def test_references_are_computed_once_for_each_dataset_and_panel(
    digits: Dataset, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "_references", {})
    first = references_of(digits, panel)
    assert references_of(digits, panel) is first
    assert references_of(digits, Panel(panel.extractors)) is first
    other = panel.only(LABEL_FREE)
    assert other.digest != panel.digest
    assert references_of(digits, other).keys() == {LABEL_FREE}
