"""Generators saved as programs: drawn from the latents that were asked for, or refused with what was wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ablations.config.errors import DataError
from ablations.scoring.samples import generate

LATENTS = 7


class Drawer(nn.Module):
    """z to images whose top left pixel is a squashed z0."""

    def __init__(self, shape: tuple[int, ...] = (28, 28), low: float = 0.0) -> None:
        super().__init__()
        self.shape = [-1, *shape]
        self.low = low
        self.layer = nn.Linear(LATENTS, 784)
        self.dropout = nn.Dropout(0.5)

    def forward(self, z: Tensor) -> Tensor:
        body = self.dropout(self.layer(z).sigmoid())
        first = z[:, :1].sigmoid()
        images = torch.cat([first, body[:, 1:]], 1)
        return (images * (1 - self.low) + self.low).reshape(self.shape)


class Conditional(nn.Module):
    """The class, in tenths, in every pixel."""

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        return (classes / 10).float().view(-1, 1, 1) + 0 * z[:, :1, None].expand(-1, 28, 28)


class Noisy(nn.Module):
    """Images that owe nothing to z."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.rand(z.shape[0], 28, 28)


class Two(nn.Module):
    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z, z


class First(nn.Module):
    """One image, however many were asked for."""

    def forward(self, z: Tensor) -> Tensor:
        return z[:1, :1, None].sigmoid().expand(1, 28, 28)


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    def save(model: nn.Module) -> Path:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Scripted, not traced, so that dropout knows that it is not in training.
            torch.jit.script(model).save(tmp_path / "model.pt")
        return tmp_path / "model.pt"

    return save


def expected(count: int, batch: int = 500, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(batch, LATENTS, generator=generator) for _ in range(-(-count // batch))]
    return torch.cat(drawn)[:count, 0].sigmoid()


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28), (784,)])
def test_a_script_draws_from_the_seed_in_eval_mode(shape: tuple[int, ...], script: Callable[..., Path]) -> None:
    path = script(Drawer(shape))
    samples = generate(path, count=730, latent_size=LATENTS)
    assert samples.images.shape == (730, 28, 28)
    assert samples.labels is None
    assert torch.allclose(samples.images[:, 0, 0], expected(730))
    assert torch.equal(samples.images, generate(path, count=730, latent_size=LATENTS).images)
    assert torch.equal(samples.images[:100], generate(path, count=100, latent_size=LATENTS).images)
    other = generate(path, count=730, latent_size=LATENTS, seed=1)
    assert torch.allclose(other.images[:, 0, 0], expected(730, seed=1))


def test_noise_that_it_draws_itself_is_repeated_and_leaves_the_callers_generator_alone(
    script: Callable[..., Path],
) -> None:
    path = script(Noisy())
    state = torch.get_rng_state()
    first, again = (generate(path, count=10, latent_size=LATENTS, value_range="0..1").images for _ in range(2))
    assert first.std() > 0.1
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), state)


def test_its_range_is_detected_or_stated(script: Callable[..., Path]) -> None:
    path = script(Drawer(low=-1.0))
    samples = generate(path, count=50, latent_size=LATENTS)
    assert "-1..1, detected" in samples.pixels
    assert torch.allclose(samples.images[:, 0, 0], expected(50), atol=1e-6)
    with pytest.raises(DataError, match=r"expected 0\.\.1 as --range states"):
        generate(path, count=50, latent_size=LATENTS, value_range="0..1")


def test_uniform_latents_lie_in_0_to_1(script: Callable[..., Path]) -> None:
    samples = generate(script(Drawer()), count=500, latent_size=LATENTS, latent_distribution="uniform")
    first = samples.images[:, 0, 0]
    assert 0.5 <= first.min() <= first.max() <= torch.tensor(1.0).sigmoid()


def test_a_conditional_one_is_asked_for_each_class_in_turn(script: Callable[..., Path]) -> None:
    path = script(Conditional())
    samples = generate(path, count=25, latent_size=LATENTS, conditional=True)
    assert samples.labels is not None
    assert samples.labels.tolist() == [n % 10 for n in range(25)]
    assert torch.allclose(samples.images[:, 5, 5], samples.labels / 10)


@pytest.mark.parametrize("dynamic", [True, False])
def test_an_exported_program_draws_whatever_batch_it_was_exported_for(dynamic: bool, tmp_path: Path) -> None:
    shapes = ({0: torch.export.Dim("n")},) if dynamic else None
    program = torch.export.export(Drawer().eval(), (torch.zeros(4, LATENTS),), dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "model.pt2")
    samples = generate(tmp_path / "model.pt2", count=13, latent_size=LATENTS)
    assert torch.allclose(samples.images[:, 0, 0], expected(13, batch=500 if dynamic else 4))


def test_a_wrong_latent_size_is_named(script: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"failed when called with \(500, 3\); are --latent-size"):
        generate(script(Drawer()), count=5, latent_size=3)


def test_what_is_drawn_must_be_images(script: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"gave a tuple; expected one tensor"):
        generate(script(Two()), count=5, latent_size=LATENTS)
    with pytest.raises(DataError, match=r"has the shape \(5, 7\); expected \(n, 28, 28\)"):
        generate(script(nn.ReLU()), count=5, latent_size=LATENTS)
    with pytest.raises(DataError, match=r"gave the shape \(1, 28, 28\) for 500 latents"):
        generate(script(First()), count=5, latent_size=LATENTS)


@pytest.mark.parametrize("name", ["model.pt", "model.pt2"])
@pytest.mark.parametrize("content", [b"", b"no program", b"PK\x03\x04" + b"x" * 200])
def test_files_that_are_no_program_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        generate(tmp_path / name, count=5, latent_size=LATENTS)


def test_a_pickle_of_torch_save_is_refused_unread(tmp_path: Path) -> None:
    torch.save(Drawer(), tmp_path / "model.pt")
    with pytest.raises(DataError, match=r"pickle of torch\.save"):
        generate(tmp_path / "model.pt", count=5, latent_size=LATENTS)


def test_a_truncated_program_is_refused(script: Callable[..., Path]) -> None:
    path = script(Drawer())
    content = path.read_bytes()
    for end in (len(content) // 2, len(content) - 30):
        path.write_bytes(content[:end])
        with pytest.raises(DataError, match=r"model\.pt"):
            generate(path, count=5, latent_size=LATENTS)
