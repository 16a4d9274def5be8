"""Extractors by name, and files that are not what they should be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ablations.config.errors import ConfigError, DataError
from ablations.scoring.extractors import EXTRACTORS, load_extractor
from ablations.scoring.extractors.dinov2 import load_dinov2
from ablations.scoring.extractors.frozen import digest_file, read_frozen, write_frozen
from ablations.scoring.extractors.vision_transformer import HEAD, Block, VisionTransformer

# --- the registry ---

WITH_WEIGHTS = [name for name in EXTRACTORS if name != "pieces"]


def test_a_wrong_name_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'dinov2'"):
        load_extractor("dinov3")


def test_torchscript_needs_its_file() -> None:
    with pytest.raises(ConfigError, match="torchscript:FILE"):
        load_extractor("torchscript")


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.bin"):
        load_extractor(f"{name}:{tmp_path / 'absent.bin'}")


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_a_file_of_something_else_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"no weights at all")
    digest_file(path).write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  other.bin\n")
    with pytest.raises(DataError, match=r"other\.bin"):
        load_extractor(f"{name}:{path}")


# --- frozen files ---


def test_what_is_written_is_read_and_the_same_content_has_the_same_bytes(tmp_path: Path) -> None:
    state, facts = {"weight": torch.rand(3, 2).T}, {"kind": "reader", "shape": [1, 2, 3]}
    digest = write_frozen(tmp_path / "a", state, facts)
    assert write_frozen(tmp_path / "b", state, dict(reversed(facts.items()))) == digest
    frozen = read_frozen(tmp_path / "a", "reader")
    assert frozen.digest == digest == hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest()
    assert frozen.facts == facts
    assert torch.equal(frozen.state["weight"], state["weight"])


def test_an_altered_file_and_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_frozen(path, {"weight": torch.rand(3)}, {"kind": "reader"})
    with pytest.raises(DataError, match="of the kind 'reader', not 'contrastive'"):
        read_frozen(path, "contrastive")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match="truncated or altered: its SHA-256 is"):
        read_frozen(path, "reader")
    digest_file(path).unlink()
    with pytest.raises(DataError, match="cannot read the extractor"):
        read_frozen(path, "reader")


# --- TorchScript ---


class Means(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3))


class Flat(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten()


def saved(module: nn.Module, path: Path) -> str:
    torch.jit.save(torch.jit.trace(module, torch.rand(100, 3, 5, 6)), str(path))
    return f"torchscript:{path}"


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
def test_a_torchscript_file_gives_its_features(tmp_path: Path) -> None:
    path = tmp_path / "means.pt"
    extractor = load_extractor(saved(Means(), path))
    images = torch.randint(0, 256, (130, 3, 5, 6), dtype=torch.uint8)
    seen = extractor.features(images)
    assert seen.features == pytest.approx((images.float() / 255).mean((2, 3)).numpy(), abs=1e-6)
    assert seen.probabilities is None
    assert extractor.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    floats = torch.rand(3, 3, 5, 6)
    floats[1, 0, 0, 0] = torch.inf
    assert np.isnan(extractor.features(floats).features).all(1).tolist() == [False, True, False]


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
def test_a_torchscript_module_that_gives_no_features_is_refused(tmp_path: Path) -> None:
    extractor = load_extractor(saved(Flat(), tmp_path / "flat.pt"))
    with pytest.raises(DataError, match=r"features \(n, d\), not a tensor of \(9000,\)"):
        extractor.features(torch.rand(100, 3, 5, 6))


# --- DINOv2 ---


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A small file with arrays of DINOv2's names: two blocks of width 128, for images of 4 x 4 patches."""
    torch.manual_seed(0)
    network = VisionTransformer(width=2 * HEAD, depth=2, patch=14, positions=17)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    path = tmp_path / "dinov2.pth"
    torch.save(network.state_dict(), path)
    return path


def test_dinov2_takes_grey_and_colour_images_of_any_size(stand_in: Path) -> None:
    extractor = load_extractor(f"dinov2:{stand_in}")
    grey = torch.rand(3, 1, 28, 28)
    seen = extractor.features(grey)
    assert seen.features.shape == (3, 2 * HEAD)
    assert seen.probabilities is None
    assert np.array_equal(extractor.features(grey.expand(-1, 3, -1, -1)).features, seen.features)
    assert extractor.features(torch.rand(2, 3, 40, 32)).finite
    assert extractor.digest == hashlib.sha256(stand_in.read_bytes()).hexdigest()
    grey[1, 0, 0, 0] = torch.nan
    assert np.isnan(extractor.features(grey).features).all(1).tolist() == [False, True, False]
    with pytest.raises(DataError, match="1 or 3 channels, not of 2"):
        extractor.features(torch.rand(2, 2, 28, 28))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.rand(3)}, path)
    with pytest.raises(DataError, match="does not hold the weights of DINOv2"):
        load_dinov2(path)


def test_a_block_is_pytorchs_transformer_layer_where_nothing_is_scaled() -> None:
    width = 2 * HEAD
    theirs = nn.TransformerEncoderLayer(
        width, 2, 4 * width, dropout=0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).eval()
    names = {
        "self_attn.in_proj_weight": "attn.qkv.weight",
        "self_attn.in_proj_bias": "attn.qkv.bias",
        "self_attn.out_proj.weight": "attn.proj.weight",
        "self_attn.out_proj.bias": "attn.proj.bias",
        "linear1.weight": "mlp.fc1.weight",
        "linear1.bias": "mlp.fc1.bias",
        "linear2.weight": "mlp.fc2.weight",
        "linear2.bias": "mlp.fc2.bias",
    }
    state = {names.get(name, name): value for name, value in theirs.state_dict().items()}
    ours = Block(width).eval()
    ours.load_state_dict(state | {"ls1.gamma": torch.ones(width), "ls2.gamma": torch.ones(width)})
    tokens = torch.randn(3, 7, width)
    torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-4, atol=1e-5)


def test_positions_of_another_size_are_stretched_in_their_order() -> None:
    """Positions that rise from top to bottom and stay alike from left to right do so in any size."""
    network = VisionTransformer(width=HEAD, depth=1, patch=14, positions=17)
    rising = torch.arange(4.0).view(4, 1).expand(4, 4).reshape(1, 16, 1).expand(1, 16, HEAD)
    network.pos_embed.data = torch.cat([torch.full((1, 1, HEAD), -5.0), rising], 1)
    stretched = network._positions(8, 8)
    assert stretched.shape == (1, 65, HEAD)
    assert (stretched[0, 0] == -5).all()
    grid = stretched[0, 1:, 0].view(8, 8)
    assert (grid.diff(dim=0) > 0).all()
    assert grid.diff(dim=1).abs().max() < 1e-5
    assert torch.equal(network._positions(4, 4), network.pos_embed)
