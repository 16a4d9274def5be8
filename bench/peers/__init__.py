"""The documents' own loops, one seed each, as a person would run them: what the harness races against.

They share nothing with the harness. Each reads MNIST through torchvision, whose files must lie in the folder it is
given, and is a generator: it trains one iteration for each `next`, and yields D's and G's loss of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bench.peers import cnn, s0_s1, s2, s3, s4

Losses = tuple[float | Tensor, float | Tensor]
Loop = Callable[[Path, torch.device], Iterator[Losses]]


@dataclass(frozen=True)
class Peer:
    """A loop and the variant of the harness that trains the same GAN."""

    train: Loop
    study: str
    variant: str
    widths: tuple[int, ...]
    """How many seeds the harness may stack against it; the best of them races."""


_SMALL_BATCH = (4, 8, 16, 32)

PEERS: Mapping[str, Peer] = {
    "s0": Peer(s0_s1.train_conditional, "recipes", "s0", _SMALL_BATCH),
    "s1": Peer(s0_s1.train, "recipes", "s1", _SMALL_BATCH),
    "s2": Peer(s2.train, "recipes", "s2", (16,)),
    "s3": Peer(s3.train, "recipes", "s3", (16,)),
    "s4": Peer(s4.train, "recipes", "s4", (16,)),
    "cnn": Peer(cnn.train, "quick", "cnn", (5,)),
}
"""The five documents, and a plain loop of the CNN of the study `quick`, whose five seeds are one stack."""
