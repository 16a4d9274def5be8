"""Local patches against the arrangement of the whole, certified on drawn faces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ablations.data.faces import draw_faces
from ablations.scoring.extractors import load_extractor
from ablations.scoring.extractors.pieces import PIECES, Pieces
from ablations.scoring.metrics.arrangement import layout_of, pieces_of, with_quarters_swapped
from ablations.scoring.metrics.frechet import frechet_distance
from ablations.scoring.metrics.values import Reference, Samples
from ablations.scoring.table import computations

COUNT = 1_000
GRADES = (0.0, 0.25, 0.5, 0.75, 1.0)
EXTRACTOR = Pieces()
FACES = torch.from_numpy(draw_faces(COUNT, seed=1))
REFERENCE = Reference(
    test=EXTRACTOR.features(torch.from_numpy(draw_faces(COUNT, seed=2))), load_training=lambda: pytest.fail("unasked")
)
(ARRANGEMENT,) = (item for item in computations() if item.facts.name == "patch_frechet")


def measured(images: Tensor) -> dict[str, float]:
    values = ARRANGEMENT.compute(Samples(seen=EXTRACTOR.features(images)), REFERENCE)
    return dict(zip(("patch", "layout", "disharmony"), values, strict=True))


REAL = measured(FACES)


def blurred(images: Tensor, width: int) -> Tensor:
    padded = F.pad(images.float(), (width // 2,) * 4, mode="replicate")
    return F.avg_pool2d(padded, width, 1).round().to(torch.uint8)


def noisy(images: Tensor, deviation: float) -> Tensor:
    noise = deviation * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images.float() + noise).round().clamp(0, 255).to(torch.uint8)


def test_disharmony_rises_with_the_share_of_faces_whose_parts_are_misplaced() -> None:
    grades = [measured(torch.from_numpy(draw_faces(COUNT, seed=1, misplaced=share))) for share in GRADES]
    assert [item["disharmony"] for item in grades] == sorted(item["disharmony"] for item in grades)
    assert grades[1]["disharmony"] > 2 * REAL["disharmony"]
    assert grades[-1]["layout"] > 3 * grades[-1]["patch"]


@pytest.mark.parametrize("damaged", [blurred(FACES, 3), noisy(FACES, 20)], ids=["blur", "noise"])
def test_what_spoils_pieces_moves_their_distance_and_hardly_the_layout(damaged: Tensor) -> None:
    found = measured(damaged)
    misplaced = measured(torch.from_numpy(draw_faces(COUNT, seed=1, misplaced=1.0)))
    assert found["patch"] > 4 * misplaced["patch"] > 4 * REAL["patch"]
    assert found["layout"] < misplaced["layout"] / 4
    assert found["patch"] > 5 * found["layout"]


def test_pieces_that_change_places_are_still_the_same_pieces() -> None:
    tiles = FACES.view(COUNT, 3, 4, 8, 4, 8)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    mixed = tiles.permute(0, 2, 4, 1, 3, 5).reshape(COUNT, 16, 3, 8, 8)[:, order]
    images = mixed.view(COUNT, 4, 4, 3, 8, 8).permute(0, 3, 1, 4, 2, 5).reshape(COUNT, 3, 32, 32)
    found = measured(images)
    assert found["patch"] == pytest.approx(REAL["patch"], rel=1e-4)
    assert found["disharmony"] > 0.5


def test_colours_and_variety_move_disharmony_more_than_the_arrangement_does() -> None:
    """Why no claim rests on it (S1-c): rightly arranged faces that are brighter, grey or few are further away."""
    misplaced = measured(torch.from_numpy(draw_faces(COUNT, seed=1, misplaced=1.0)))["disharmony"]
    brighter = (FACES.float() + 0.15 * 255).round().clamp(0, 255).to(torch.uint8)
    grey = FACES.float().mean(1, keepdim=True).round().to(torch.uint8).expand(-1, 3, -1, -1)
    for images in (brighter, grey, FACES[torch.arange(COUNT) % 10]):
        assert measured(images)["disharmony"] > 2 * misplaced


def test_real_images_with_their_quarters_swapped_are_the_unit() -> None:
    real = REFERENCE.test.features
    swapped = EXTRACTOR.features(swapped_by_hand(torch.from_numpy(draw_faces(COUNT, seed=2))))
    np.testing.assert_allclose(with_quarters_swapped(layout_of(real)), layout_of(swapped.features), atol=1e-6)
    assert ARRANGEMENT.compute(Samples(seen=swapped), REFERENCE)[2] == pytest.approx(1, rel=1e-4)


def swapped_by_hand(images: Tensor) -> Tensor:
    """Image i: the four quarters, row by row, each taken i mod 3 + 1 places further on."""
    made = torch.empty_like(images)
    corners = [(slice(0, 16), slice(0, 16)), (slice(0, 16), slice(16, 32))]
    corners += [(slice(16, 32), slice(0, 16)), (slice(16, 32), slice(16, 32))]
    for index, image in enumerate(images):
        for place, (rows, columns) in enumerate(corners):
            from_rows, from_columns = corners[(place + 1 + index % 3) % 4]
            made[index, :, rows, columns] = image[:, from_rows, from_columns]
    return made


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 128, 128), (3, 32, 32)])
def test_images_of_any_size_are_taken_apart(shape: tuple[int, int, int]) -> None:
    images = torch.rand(5, *shape, generator=torch.Generator().manual_seed(0))
    seen = EXTRACTOR.features(images).features
    width = 64 * shape[0]
    assert seen.shape == (5, (1 + PIECES) * width)
    small: NDArray[np.float32] = F.adaptive_avg_pool2d(images, 32).numpy()
    assert pieces_of(seen).shape == (5 * PIECES, width)
    np.testing.assert_allclose(pieces_of(seen)[PIECES + 1], small[1, :, :8, 8:16].reshape(-1), rtol=1e-6)
    np.testing.assert_allclose(
        layout_of(seen)[2].reshape(shape[0], 8, 8)[:, 1, 2], small[2, :, 4:8, 8:12].mean((1, 2)), rtol=1e-5
    )


def test_a_sample_that_is_not_finite_has_no_arrangement() -> None:
    images = FACES.float() / 255
    images[3, 0, 5, 5] = float("nan")
    assert np.isnan([*measured(images).values()][:2]).all()


def test_the_extractor_is_known_by_its_name_and_takes_no_file() -> None:
    assert load_extractor("pieces").digest == Pieces.digest
    with pytest.raises(Exception, match="takes no file"):
        load_extractor("pieces:weights.safetensors")
    assert frechet_distance(layout_of(REFERENCE.test.features), layout_of(REFERENCE.test.features)) < 1e-9
