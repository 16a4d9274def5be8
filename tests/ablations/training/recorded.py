"""A recorded step without a GPU."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ablations.catalog.quantities import CURVES
from ablations.config import Variant
from ablations.training.cuda_graph import CapturedStep, Replay
from ablations.training.seed_group import SeedGroup
from ablations.training.step import TrainStep
from tests.ablations.training.small_groups import group


def record_by_calling(step: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
    """Like a CUDA graph: nothing is run while recording, and each replay fills the same tensor."""
    output = torch.empty(len(CURVES), 4)

    def replay() -> None:
        output.copy_(step())

    return replay, output


def captured(variant: Variant) -> SeedGroup:
    one = group(variant)
    networks = one._networks()
    one._train_step = CapturedStep(TrainStep(variant, *networks), networks, record_by_calling)
    return one
