"""The suite: names that state protocol and features, damage that raises the score, no crash on a diverged generator."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from ablations.catalog.metric_facts import EXTRACTORS
from ablations.catalog.metrics import METRICS, facts
from ablations.data import Dataset
from ablations.scoring import suite
from ablations.scoring.metrics.balanced_frechet import balanced_frechet
from ablations.scoring.metrics.values import reading_of
from ablations.scoring.panel import LABEL_FREE, PANEL, READER, Panel, Views
from ablations.scoring.suite import (
    References,
    evaluate,
    noise_floor,
    primary_metric,
    references_of,
    sample_count,
    score,
)

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
    """But for the two estimates over random parts of the samples, which are of other parts then: one stays within its
    own interval, and of an error of the other a half is left or half as much more. In so few samples nothing else is
    drawn; of more than the metrics take, `test_order` bounds what is.
    """
    order = np.argsort(asked, kind="stable")
    again = score({name: seen.rows(order) for name, seen in views.items()}, references, asked[order], tier="full")
    assert again.keys() == full.keys()
    half = (full["frechet_inf_high"] - full["frechet_inf_low"]) / 2
    for name, value in full.items():
        expected = pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True)
        if name.startswith("frechet_inf"):
            expected = pytest.approx(value, abs=half)
        elif "kernel_distance_error" in name:
            expected = pytest.approx(value, rel=0.5)
        elif "likelihood_divergence" in name:
            expected = pytest.approx(value, rel=1e-5)  # a difference of two means in float32
        assert again[name] == expected, name


def test_how_new_images_are_does_not_depend_on_their_order(
    digits: Dataset, panel: Panel, references: References
) -> None:
    """The images above are copies of training images, to the last one."""
    seen = panel.only(READER).views(digits.test_images)
    order = np.argsort(digits.labels[1].numpy(), kind="stable")
    first, again = (score({READER: rows}, references, tier="full") for rows in (seen[READER], seen[READER].rows(order)))
    assert 0.3 < first["authenticity_500"] < 0.7
    for name in ("authenticity", "memorization", "copy_share", "copy_p", "data_copying"):
        assert again[f"{name}_500"] == pytest.approx(first[f"{name}_500"], rel=1e-6), name


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
