"""The vision transformer of DINOv2 (Oquab et al. 2023, arXiv:2304.07193), as its weights files have it.

Written out here so that a weights file is enough: PyTorch Hub would fetch and run a repository's code.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD = 64
"""Width of an attention head, in all of DINOv2's sizes."""
EPSILON = 1e-6


class Block(nn.Module):
    """Attention and a perceptron, each behind a LayerNorm and scaled channel by channel before it is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.ls1 = nn.ParameterDict({"gamma": torch.ones(width)})
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.ls2 = nn.ParameterDict({"gamma": torch.ones(width)})

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, tokens, width) to the same."""
        tokens = tokens + self.ls1["gamma"] * self._attention(self.norm1(tokens))
        hidden = F.gelu(self.mlp["fc1"](self.norm2(tokens)))
        result: Tensor = tokens + self.ls2["gamma"] * self.mlp["fc2"](hidden)
        return result

    def _attention(self, tokens: Tensor) -> Tensor:
        count, length, width = tokens.shape
        parts = self.attn["qkv"](tokens).view(count, length, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(count, length, width)
        result: Tensor = self.attn["proj"](mixed)
        return result


class VisionTransformer(nn.Module):
    """Images (n, 3, side, side), standardised, to the class token behind the last LayerNorm, (n, width)."""

    def __init__(self, *, width: int, depth: int, patch: int, positions: int) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, patch, stride=patch)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, positions, width))
        self.mask_token = nn.Parameter(torch.zeros(1, width))
        """Of the training alone; the files have it."""
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        patches = self.patch_embed["proj"](images)
        tokens = patches.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), tokens], dim=1)
        tokens = tokens + self._positions(patches.shape[2], patches.shape[3])
        for block in self.blocks:
            tokens = block(tokens)
        result: Tensor = self.norm(tokens[:, 0])
        return result

    def _positions(self, rows: int, columns: int) -> Tensor:
        """The learned positions, stretched from the square of the training to this many patches."""
        own, grid = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        side = round(grid.shape[1] ** 0.5)
        if (rows, columns) == (side, side):
            return self.pos_embed
        square = grid.view(1, side, side, -1).permute(0, 3, 1, 2)
        # DINOv2's own code adds a tenth of a patch before it divides, against rounding; its features depend on that.
        scale = ((rows + 0.1) / side, (columns + 0.1) / side)
        stretched = F.interpolate(square, scale_factor=scale, mode="bicubic", antialias=False)
        return torch.cat([own, stretched.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)


def vision_transformer(state: Mapping[str, Tensor]) -> VisionTransformer:
    """The network of a weights file, whose sizes are read from the arrays.

    Raises:
        KeyError, RuntimeError: they are not the weights of such a network.
    """
    width, _, patch, _ = state["patch_embed.proj.weight"].shape
    depth = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks."))
    network = VisionTransformer(width=width, depth=depth, patch=patch, positions=state["pos_embed"].shape[1])
    network.load_state_dict(dict(state))
    return network.eval().requires_grad_(False)
