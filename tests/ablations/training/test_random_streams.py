"""Streams: re-enterable, named, paired across variants, independent of neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from ablations.training.random_streams import DataOrder, StackedStream, draw, generator

CPU = torch.device("cpu")


def stream(
    seeds: tuple[int, ...] = (0, 1), shape: tuple[int, ...] = (8, 100), name: str = "latents_generator"
) -> StackedStream:
    return StackedStream("normal", name, seeds, shape, CPU, torch.float32)  # type: ignore[arg-type]


def test_a_step_can_be_entered_again_in_any_order() -> None:
    forward, backward = stream(), stream()
    steps = [0, 1, 40, 41, 400]
    values = {step: forward.at(step).clone() for step in steps}
    for step in reversed(steps):
        assert torch.equal(backward.at(step), values[step])


def test_steps_seeds_and_names_differ() -> None:
    one = stream()
    draws = [one.at(step)[slot].clone() for step in (0, 1, 39, 40) for slot in (0, 1)]
    draws.append(stream(name="latents_discriminator").at(0)[0])
    for index, first in enumerate(draws):
        for second in draws[index + 1 :]:
            assert abs(torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]) < 0.15


def test_neighbours_do_not_matter() -> None:
    assert torch.equal(stream((5, 1)).at(3)[0], stream((5,)).at(3)[0])
    assert torch.equal(stream((1, 2, 3, 5)).at(3)[3], stream((5,)).at(3)[0])


@pytest.mark.parametrize(
    ("kind", "distribution"),
    [("normal", stats.norm()), ("uniform", stats.uniform()), ("bits", stats.uniform(-32768, 65536))],
)
def test_draws_have_their_distribution(kind: str, distribution: stats.rv_continuous) -> None:
    values = draw(kind, 0, "dropout", 0, (50_000,), CPU).double().numpy()  # type: ignore[arg-type]
    assert stats.kstest(values, distribution.cdf).pvalue > 1e-3


def test_labels_are_uniform_over_the_classes() -> None:
    counts = np.bincount(draw("label", 1, "labels_generator", 0, (50_000,), CPU, 10).numpy(), minlength=10)
    assert len(counts) == 10
    assert stats.chisquare(counts).pvalue > 1e-3


def test_seed_zero_is_a_seed() -> None:
    assert generator(0, "data").random() != generator(1, "data").random()
    assert generator(0, "data").random() == generator(0, "data").random()


def test_every_image_is_seen_once_an_epoch_whatever_the_batch() -> None:
    images = 50
    for batch in (1, 7, 10, 50):
        order = DataOrder((3,), images, batch, CPU)
        seen = torch.cat([order.batch(k)[0] for k in range(-(-2 * images // batch))])
        for epoch in (seen[:images], seen[images : 2 * images]):
            assert sorted(epoch.tolist()) == list(range(images))
        assert not torch.equal(seen[:images], seen[images : 2 * images])


def test_variants_of_any_batch_size_see_the_images_in_one_order() -> None:
    by_one = torch.cat([DataOrder((3,), 50, 1, CPU).batch(k)[0] for k in range(60)])
    by_twelve = torch.cat([DataOrder((3,), 50, 12, CPU).batch(k)[0] for k in range(5)])
    assert torch.equal(by_one, by_twelve)


def test_the_last_batch_of_an_epoch_is_whole_and_of_that_epoch() -> None:
    order = DataOrder((3,), 50, 12, CPU)
    everything = torch.cat([DataOrder((3,), 50, 50, CPU).batch(k)[0] for k in range(3)])
    for epoch in range(3):
        assert torch.equal(order.last_of_epoch(epoch)[0], everything[epoch * 50 + 36 : epoch * 50 + 48])
