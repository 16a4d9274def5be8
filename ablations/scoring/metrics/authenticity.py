"""Authenticity (Alaa et al. 2022, arXiv:2102.08921): is a sample nearer to a training image than others of its kind?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.array_types import Float64


def authenticity(distances: Float64, nearest: NDArray[np.integer], spacing: Float64) -> float:
    """The share of samples that lie farther from their nearest training image than that lies from its own neighbour.

    From the samples' distances to their nearest training images (n,), those images' places (n,), and the distance of
    each training image to the nearest other one (m,). Copies have 0; new images of the data's kind have about 0.5.
    """
    return float((distances > spacing[nearest]).mean())
