"""The label-free extractor: never sees a label, is reproducible to the bit, and sees both content and quality."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from ablations.config.errors import DataError
from ablations.data import Dataset
from ablations.scoring.extractors.artefacts import blurred, gaussian_noise, holed, white_pixels
from ablations.scoring.extractors.contrastive import WEIGHTS, Contrastive, load_contrastive
from ablations.scoring.extractors.train_contrastive import agreement_loss, train_contrastive, two_views
from ablations.scoring.extractors.trunk import in_unit_range
from ablations.scoring.metrics.frechet import frechet_distance


@pytest.fixture(scope="module")
def contrastive() -> Contrastive:
    return load_contrastive()


def test_other_labels_train_the_same_bytes_and_another_seed_others(digits: Dataset, tmp_path: Path) -> None:
    few = replace(digits, train_images=digits.train_images[:512], train_labels=digits.labels[0][:512])
    others = replace(few, train_labels=few.labels[0].flip(0))
    digests = []
    for name, data, seed in (("a", few, 0), ("b", few, 0), ("c", others, 0), ("d", few, 1)):
        torch.rand(7)
        before = torch.get_rng_state()
        made = train_contrastive(data, tmp_path / name, seed=seed, epochs=1)
        assert torch.equal(before, torch.get_rng_state())
        loaded = load_contrastive(tmp_path / name)
        assert loaded.digest == made.digest
        digests.append(loaded.features(digits.test_images).features)
    assert np.array_equal(digests[0], digests[1])
    assert np.array_equal(digests[0], digests[2])
    assert not np.array_equal(digests[0], digests[3])


def test_the_loss_is_least_where_views_agree_and_all_else_differs() -> None:
    directions = torch.eye(8)
    agreeing = torch.cat([directions, directions])
    assert agreement_loss(agreeing) < 0.1
    assert agreement_loss(torch.cat([directions, directions.roll(1, 0)])) > 4
    alike = torch.ones(16, 8)
    assert agreement_loss(alike).item() == pytest.approx(np.log(15))
    projected = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    cosines = functional.cosine_similarity(projected[:, None], projected[None], dim=2) / 0.2
    expected = [-cosines[row, (row + 3) % 6] + cosines[row][torch.arange(6) != row].logsumexp(0) for row in range(6)]
    assert agreement_loss(projected).item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-5)


def test_two_views_are_different_pictures_of_the_same(digits: Dataset) -> None:
    images = in_unit_range(digits.train_images[:100])
    first, second = two_views(images, torch.Generator().manual_seed(0))
    assert first.shape == second.shape == images.shape
    apart = (first - second).flatten(1).norm(dim=1)
    assert (apart > 0).all()
    assert apart.mean() < (first - second.roll(1, 0)).flatten(1).norm(dim=1).mean()


# --- the frozen weights ---


def test_it_has_features_and_no_classes(contrastive: Contrastive, digits: Dataset) -> None:
    assert WEIGHTS.stat().st_size < 600_000
    seen = contrastive.features(digits.test_images)
    assert seen.features.shape == (500, 64)
    assert seen.probabilities is None
    assert seen.readable.all()
    with pytest.raises(DataError, match="not of 3 x 28 x 28"):
        contrastive.features(torch.zeros(1, 3, 28, 28))


@pytest.mark.parametrize("artefact", [gaussian_noise, white_pixels, blurred, holed])
def test_more_damage_is_farther_from_real_images(contrastive: Contrastive, digits: Dataset, artefact: object) -> None:
    assert callable(artefact)
    real = contrastive.features(digits.train_images).features
    images = in_unit_range(digits.test_images)
    distances = []
    for grade in (0.0, 0.25, 0.5, 1.0):
        grades = torch.full((len(images), 1, 1, 1), grade)
        made = artefact(images, grades, torch.Generator().manual_seed(0))
        distances.append(frechet_distance(contrastive.features(made).features, real))
    assert distances == sorted(distances)
    assert distances[-1] > 1.5 * distances[0]


def test_fewer_classes_are_farther_from_real_images(contrastive: Contrastive, digits: Dataset) -> None:
    real = contrastive.features(digits.train_images).features
    seen, labels = contrastive.features(digits.test_images).features, digits.labels[1].numpy()
    distances = [frechet_distance(seen[labels < kept], real) for kept in (10, 7, 4, 2)]
    assert distances == sorted(distances)
