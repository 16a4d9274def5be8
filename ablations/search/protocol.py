"""What tuning may see: a part of the training images to score on, and seeds that no study uses.

Trials train and are scored on the split `validation` and never see a test image. Studies use the seeds from 0 on;
tuning and the selection of the winner have seeds of their own. So the final comparison is made on seeds and images that
had no part in any choice.
"""

from __future__ import annotations

from ablations.config.errors import ConfigError

SPLIT = "validation"
TUNING_SEED = 1_000_000
SELECTION_SEED = 2_000_000


def tuning_seeds(count: int) -> tuple[int, ...]:
    return _seeds(TUNING_SEED, count)


def selection_seeds(count: int) -> tuple[int, ...]:
    return _seeds(SELECTION_SEED, count)


def _seeds(first: int, count: int) -> tuple[int, ...]:
    if not 1 <= count <= SELECTION_SEED - TUNING_SEED:
        raise ConfigError(f"the seeds of a trial must be 1 to {SELECTION_SEED - TUNING_SEED:,}, not {count}")
    return tuple(range(first, first + count))
