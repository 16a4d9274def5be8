"""Points of the latent space: on the way from one to another, and sums and differences of them. Pure."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ablations.config.errors import ConfigError

_TERM = re.compile(r"\s*([+-]?)\s*(\d+)")


def walk(corners: Tensor, frames: int, *, straight: bool = False) -> Tensor:
    """`frames` points (frames, size) at equal distances of time on the way through corners (n, size), ends included.

    Between two corners the way is an arc, the length of z going evenly from one's to the other's: the points halfway
    along a straight line between normal latents are shorter than any that G was trained on (White 2016,
    arXiv:1609.04468). `straight` takes the line nevertheless, as the book of S0 and S1 does.

    Raises:
        ConfigError: fewer than two corners, or fewer frames than corners.
    """
    if len(corners) < 2:
        raise ConfigError(f"a walk needs two latents or more, not {len(corners)}")
    if frames < len(corners):
        raise ConfigError(f"a walk through {len(corners)} latents needs as many frames or more, not {frames}")
    places = torch.linspace(0, len(corners) - 1, frames, dtype=torch.float64)
    starts = places.floor().clamp(max=len(corners) - 2).long()
    shares = (places - starts).to(corners)[:, None]
    return (_line if straight else _arc)(corners[starts], corners[starts + 1], shares)


def _line(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    return torch.lerp(start, end, share)


def _arc(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Spherical interpolation (Shoemake 1985) of the directions; a line where they are too close for an angle."""
    lengths = [point.norm(dim=1, keepdim=True) for point in (start, end)]
    one, other = (point / length for point, length in zip((start, end), lengths, strict=True))
    angle = (one * other).sum(1, keepdim=True).clamp(-1, 1).acos()
    direction = ((1 - share) * angle).sin() / angle.sin() * one + (share * angle).sin() / angle.sin() * other
    arc = direction * torch.lerp(lengths[0], lengths[1], share)
    return torch.where(angle.sin() > 1e-4, arc, _line(start, end, share))


def mixture(text: str) -> tuple[tuple[int, int], ...]:
    """`0+1-2` as signs and the numbers of latents: (1, 0), (1, 1), (-1, 2).

    Raises:
        ConfigError: it is anything else.
    """
    terms = _TERM.findall(text)
    if not terms or _TERM.sub("", text).strip() or not all(sign for sign, _ in terms[1:]):
        raise ConfigError(f"{text!r} is no sum of latents: write their numbers with + and -, such as 0+1-2")
    return tuple((-1 if sign == "-" else 1, int(number)) for sign, number in terms)


def mixed(latents: Tensor, terms: tuple[tuple[int, int], ...]) -> Tensor:
    """The sum of latents (n, size) with their signs: (size,)."""
    return torch.stack([sign * latents[number] for sign, number in terms]).sum(0)
