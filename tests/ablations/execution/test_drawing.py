"""Pictures of stored runs: what was scored is what is drawn, and each cell shows what it was asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from ablations.config.errors import ConfigError, DataError
from ablations.execution.drawing import Artist, nearest_images
from ablations.store import Archive, Result
from tests.ablations.small_study import STUDY, kept, run


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """One run of each variant of the small study: `base` is unconditional, `other` conditional."""
    archive = Archive.open(tmp_path_factory.mktemp("drawing") / "store")
    run(dataclasses.replace(STUDY, seeds=1), archive)
    return {found.run.variant.name: found for found in kept(archive)}


def test_a_grid_shows_the_images_that_were_kept_with_the_scores(results: dict[str, Result]) -> None:
    artist = Artist(results["base"])
    drawn = artist.draw(artist.grid(range(12), columns=4))
    assert drawn.images.shape == (3, 4, 1, 28, 28)
    assert np.array_equal(drawn.images.reshape(12, 1, 28, 28), results["base"].samples[40][:12])


def test_the_course_of_training_shows_each_scored_step(results: dict[str, Result]) -> None:
    artist = Artist(results["other"])
    drawn = artist.along(artist.row(range(10)))
    assert drawn.steps == (0, 20, 40)
    assert drawn.words == ("step 0", "step 20", "step 40")
    for images, step in zip(drawn.images, drawn.steps, strict=True):
        assert np.array_equal(images, results["other"].samples[step][:10])
    earlier = Artist(results["other"], step=20)
    assert np.array_equal(earlier.draw(earlier.row(range(10))).images[0], drawn.images[1])


def test_a_conditional_generator_is_asked_for_every_label_in_a_row_of_its_own(results: dict[str, Result]) -> None:
    artist = Artist(results["other"])
    whole = artist.draw(artist.grid(range(6)))
    assert whole.images.shape[:2] == (10, 6)
    assert whole.labels is not None
    assert (whole.labels.reshape(10, 6) == np.arange(10)[:, None]).all()
    fives = artist.draw(artist.grid(range(6), [5]))
    assert fives.images.shape[:2] == (2, 3)
    assert np.array_equal(fives.images.reshape(6, -1), whole.images[5].reshape(6, -1))


def test_a_walk_begins_and_ends_at_its_latents(results: dict[str, Result]) -> None:
    artist = Artist(results["base"])
    way = artist.draw(artist.walk((3, 7), 5))
    ends = artist.draw(artist.grid((3, 7)))
    assert way.images.shape[:2] == (1, 5)
    torch.testing.assert_close(way.latents[[0, -1]], ends.latents)
    gaps = np.abs(way.images[0, [0, -1]].astype(int) - ends.images.reshape(2, 1, 28, 28))
    assert gaps.max() <= 1


def test_a_sum_stands_before_what_it_is_made_of(results: dict[str, Result]) -> None:
    artist = Artist(results["other"])
    drawn = artist.draw(artist.sums(["0+1", "0-1"], [4]))
    assert drawn.words == ("4  0+1", "4  0-1")
    assert drawn.images.shape[:2] == (2, 3)
    table = drawn.latents.reshape(2, 3, -1)
    np.testing.assert_allclose(table[:, 0], [table[0, 1] + table[0, 2], table[1, 1] - table[1, 2]], rtol=1e-6)
    assert np.array_equal(drawn.images[0, 1:], drawn.images[1, 1:])
    with pytest.raises(ConfigError, match="unlike"):
        artist.sums(["0+1", "0+1+2"])


def test_the_nearest_training_images_are_those_of_a_search_by_hand(results: dict[str, Result]) -> None:
    artist = Artist(results["base"])
    drawn = artist.beside_nearest(artist.row(range(5)))
    training = artist.dataset.train_images[-1_000:].numpy().reshape(1_000, -1) / 255
    samples = drawn.images[:, 0].reshape(5, -1) / 255
    distances = np.linalg.norm(samples[:, None] - training, axis=2)
    assert drawn.distances is not None
    np.testing.assert_allclose(drawn.distances, np.sort(distances, axis=1)[:, :3], rtol=1e-5)
    for row, order in zip(drawn.images[:, 1:], np.argsort(distances, axis=1), strict=True):
        assert np.array_equal(row.reshape(3, -1), (255 * training[order[:3]]).round())


def test_a_copy_is_found_at_distance_zero() -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 1, 8, 8), dtype=np.uint8)
    distances, found = nearest_images(images[[7, 9]], images, 2)
    assert found[:, 0].tolist() == [7, 9]
    assert (distances[:, 0] == 0).all()
    assert (distances[:, 1] > 0).all()


def test_what_cannot_be_drawn_is_refused(results: dict[str, Result], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0, 20, 40"):
        Artist(results["base"], step=21)
    with pytest.raises(ConfigError, match="unconditional"):
        Artist(results["base"]).grid(range(6), [5])
    with pytest.raises(ConfigError, match="0 to 9"):
        Artist(results["other"]).grid(range(6), [10])
    with pytest.raises(ConfigError, match="--columns"):
        Artist(results["base"]).grid(range(7), columns=3)
    with pytest.raises(DataError, match="no weights"):
        Artist(dataclasses.replace(results["base"], snapshots={}))
    other = dataclasses.replace(results["base"].run, data_digest="0" * 64)
    with pytest.raises(DataError, match="other data"):
        Artist(dataclasses.replace(results["base"], run=other))
