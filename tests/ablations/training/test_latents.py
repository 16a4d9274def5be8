"""Walks and sums of latents, held against their closed forms."""

from __future__ import annotations

import pytest
import torch

from ablations.config.errors import ConfigError
from ablations.training.latents import mixed, mixture, walk

CORNERS = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("straight", [False, True])
def test_a_walk_passes_through_its_corners(straight: bool) -> None:
    way = walk(CORNERS, 9, straight=straight)
    assert way.shape == (9, 50)
    torch.testing.assert_close(way[[0, 4, 8]], CORNERS)


def test_halfway_along_an_arc_lies_at_half_the_angle_and_is_not_shorter() -> None:
    right_angle = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    half = walk(right_angle, 3)[1]
    torch.testing.assert_close(half, torch.tensor([3.0, 3.0]) / 2**0.5)
    torch.testing.assert_close(walk(right_angle, 3, straight=True)[1], torch.tensor([1.0, 2.0]))


def test_an_arc_between_equal_or_opposite_latents_is_finite() -> None:
    point = CORNERS[0]
    torch.testing.assert_close(walk(torch.stack([point, point]), 3)[1], point)
    assert walk(torch.stack([point, -point]), 5).isfinite().all()


def test_the_numbers_of_uniform_latents_stay_in_their_range_along_a_line() -> None:
    uniform = torch.rand(2, 1, generator=torch.Generator().manual_seed(1))
    way = walk(uniform, 11, straight=True)
    assert (way >= 0).all()
    assert (way < 1).all()


@pytest.mark.parametrize(("corners", "frames"), [(1, 5), (3, 2)])
def test_a_walk_that_goes_nowhere_is_refused(corners: int, frames: int) -> None:
    with pytest.raises(ConfigError, match="walk"):
        walk(CORNERS[:corners], frames)


def test_a_sum_of_latents_is_what_it_says() -> None:
    terms = mixture("0 + 2-1")
    assert terms == ((1, 0), (1, 2), (-1, 1))
    torch.testing.assert_close(mixed(CORNERS, terms), CORNERS[0] + CORNERS[2] - CORNERS[1])
    torch.testing.assert_close(mixed(CORNERS, mixture("-1")), -CORNERS[1])


@pytest.mark.parametrize("text", ["", "a+b", "0+", "0 1", "0*2", "1.5"])
def test_what_is_no_sum_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ConfigError, match=r"0\+1-2"):
        mixture(text)
