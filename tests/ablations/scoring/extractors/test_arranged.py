"""The arrangement of a trunk that is fast: the same function, whatever the shape of the images."""

from __future__ import annotations

import pytest
import torch

from ablations.scoring.extractors.arranged import ArrangedTrunk, product
from ablations.scoring.extractors.pixels import full_precision
from ablations.scoring.extractors.trunk import Shape, folded, initialize, trunk


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 20), (1, 17, 15), (3, 9, 12)], ids=str)
def test_it_gives_what_the_plain_trunk_gives(shape: Shape) -> None:
    draw = torch.Generator().manual_seed(5)
    network = trunk(shape, widths=(5, 7, 11), features=13)
    initialize(network, draw)
    plain = folded(network).requires_grad_(False).to(memory_format=torch.channels_last)
    images = torch.rand(6, *shape, generator=draw)
    kept = images.clone()
    arranged = ArrangedTrunk(plain, shape)(images)
    assert arranged.shape == (6, 13)
    torch.testing.assert_close(arranged, plain(images), rtol=1e-5, atol=1e-5)
    assert torch.equal(images, kept)


def test_a_value_that_is_not_finite_spoils_its_image_alone() -> None:
    plain = folded(trunk((1, 28, 28))).requires_grad_(False)
    images = torch.zeros(3, 1, 28, 28)
    images[1, 0, 14, 13] = torch.nan
    assert ArrangedTrunk(plain, (1, 28, 28))(images).isfinite().all(1).tolist() == [True, False, True]


def test_products_are_full_float32_also_where_a_caller_allows_less() -> None:
    draw = torch.Generator().manual_seed(0)
    rows, weight, bias = (torch.randn(*size, generator=draw) for size in ((100, 1024), (64, 1024), (64,)))
    exact = (rows.double() @ weight.double().T + bias.double()).float()
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with full_precision():
            found = product(rows, weight, bias)
    finally:
        torch.set_float32_matmul_precision(before)
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=2e-4)
