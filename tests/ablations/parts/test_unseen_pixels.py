"""What S1's CNN cannot see: at stride 2 without padding its D never reads the last row and column of a digit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ablations.catalog import RECIPES, STUDIES
from ablations.config import Variant
from ablations.data import DataShape
from ablations.parts.networks import build_networks
from ablations.training.initial_values import initial_tensors

CPU = torch.device("cpu")
DIGITS = DataShape(channels=1, height=28, width=28, classes=10)
SEEN = 27
"""Of 28 rows: a kernel of 5 at stride 2 makes 12 rows of maps from 27 of pixels. (The kernel of 3 after it reads 11 of
these, so rows 26 and 27 reach D through the means and variances of the normalisation alone.)"""

CNNS = {
    "recipe": RECIPES["s1-cnn"],
    "long-axes": STUDIES["long-axes"].variant("cnn"),
    "matched": STUDIES["matched"].variant("cnn"),
}


def pixels_read(variant: Variant) -> Tensor:
    """Which of 28x28 pixels move what D says."""
    _, d = build_networks(variant, DIGITS)
    tensors = initial_tensors("framework", "discriminator", d, [0], CPU, torch.float32)
    images = torch.rand(1, 4, 784, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(d(tensors, images, training=True).square().sum(), images)
    return gradient.reshape(4, 28, 28).abs().sum(0) > 0


@pytest.mark.parametrize("variant", CNNS.values(), ids=CNNS)
def test_its_d_never_reads_the_last_row_and_column(variant: Variant) -> None:
    read = pixels_read(variant)
    assert read[:SEEN, :SEEN].all()
    assert not read[SEEN:].any()
    assert not read[:, SEEN:].any()


@pytest.mark.parametrize("variant", CNNS.values(), ids=CNNS)
def test_the_last_row_and_column_of_its_g_are_one_constant(variant: Variant) -> None:
    """The bias of G's last layer alone: no reading of the runs may take that edge for badly drawn digits."""
    g, _ = build_networks(variant, DIGITS)
    tensors = initial_tensors("framework", "generator", g, [0], CPU, torch.float32)
    latents = torch.randn(1, 6, variant.latent.size, generator=torch.Generator().manual_seed(0))
    drawn = g(tensors, latents, training=True).reshape(6, 28, 28)
    assert torch.cat([drawn[:, 27], drawn[:, :, 27]], dim=1).unique().numel() == 1
    assert drawn[:, 26].unique().numel() > 6


def test_the_cnn_it_is_held_against_reads_every_pixel_with_about_as_many_parameters() -> None:
    variant = STUDIES["edge"].variant("cnn-whole")
    assert pixels_read(variant).all()
    sizes = [
        sum(spec.size for network in build_networks(one, DIGITS) for spec in network.tensors)
        for one in (variant, *(STUDIES["edge"].variant(name) for name in ("cnn", "mlp-narrow")))
    ]
    assert [round(sizes[0] / other, 2) for other in sizes[1:]] == [0.94, 0.95]
