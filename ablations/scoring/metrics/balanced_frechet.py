"""The Frechet distance told apart: what it owes to class shares, and what to the images (after Kynkaanniemi et al.
2023, arXiv:2203.06026, who show how much of it is the class histogram).

The image part is the distance with the class shares evened out. Its rules:

- *Classes that are drawn* get the weight that they have in the data: each sample of class k weighs r_k / n_k, for the
  data's share r_k and n_k samples.
- *Classes that are not drawn* cannot be weighed up. They are left out on both sides: the samples are compared with the
  real images of the classes that are drawn, in the data's proportions. How many those are is a number beside the score.
  Drawn is what `mode_count` counts, so no sample weighs more than ten times its share; the few samples of classes that
  do not count are left out too.
- *Samples that cannot be read* stay, with the weight 1 / n of every sample: the readable ones share what is left. So
  they spoil the image part by as much as there are of them. Real images that cannot be read stay in the same way.

What is left of the plain distance is the part of the class shares: missing classes belong to it, and the two parts add
up to the plain distance exactly. It can come out slightly below 0, by the noise of the weighing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablations.scoring.metrics.array_types import Float, Float64, Mask
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance, reference_gaussian, samples_gaussian
from ablations.scoring.metrics.reading import Reading, present
from ablations.scoring.metrics.values import Reference, Samples

LEAST = 2
"""Real images of the classes that are drawn, for there to be a distance from them."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A Frechet distance and what it is made of: `images` + `class_shares` = `whole`."""

    whole: float
    images: float
    class_shares: float
    classes: int
    """How many classes the images were compared over."""


def balanced_frechet(
    samples: Float,
    read: Reading,
    real: Float,
    real_read: Reading,
    *,
    own: Gaussian | None = None,
    real_gaussian: Gaussian | None = None,
) -> Parts:
    """The parts of the distance of features (n, d) and (m, d), of images read as `read` and `real_read`.

    Features and reading may come from different extractors. `own` and `real_gaussian` are the Gaussians of all samples
    and of all real features, if they are known already.

    Where no class is drawn, or none that real images show, the image part is the whole distance.
    All NaN where a sample is not finite.
    """
    plain = Gaussian.of(real) if real_gaussian is None else real_gaussian
    whole = frechet_distance(samples if own is None else own, plain)
    drawn = present(read, real_read)
    kept = ~real_read.readable | drawn[real_read.labels]
    if not drawn.any() or kept.sum() < LEAST or not np.isfinite(whole):
        nothing = 0.0 if np.isfinite(whole) else float("nan")
        return Parts(whole=whole, images=whole, class_shares=nothing, classes=int(drawn.sum()))
    weights = balancing_weights(read, real_read, drawn)
    reference = plain if kept.all() else Gaussian.of(real[kept])
    images = frechet_distance(weighted_gaussian(samples, weights), reference)
    return Parts(
        whole=whole,
        images=images,
        class_shares=whole - images,
        classes=int(drawn.sum()),
    )


def balancing_weights(samples: Reading, real: Reading, drawn: Mask) -> Float64:
    """A weight for each sample, (n,), sum 1: see the rules above. At least one class must be drawn."""
    count = len(samples)
    unreadable = 1 - samples.readable.sum() / count
    shares = np.where(drawn, real.counts, 0.0)
    each = np.divide(shares / shares.sum(), samples.counts, out=np.zeros(samples.classes), where=drawn)
    return np.where(samples.readable, (1 - unreadable) * each[samples.labels], 1 / count)


def weighted_gaussian(features: Float, weights: Float64) -> Gaussian:
    """The Gaussian fitted to weighted features (n, d), for weights of sum 1.

    The covariance is unbiased for weights that are not counts: its divisor is 1 - sum of squares, which is (n - 1) / n
    for even ones. Then it is `Gaussian.of`.
    """
    wide = np.asarray(features, dtype=np.float64)
    mean = weights @ wide
    centred = wide - mean
    return Gaussian(mean, (centred * weights[:, None]).T @ centred / (1 - (weights**2).sum()))


@computes("balanced_frechet", "class_share_frechet")
def _balanced_frechet(samples: Samples, reference: Reference) -> tuple[float, ...]:
    parts = balanced_frechet(
        samples.seen.features,
        samples.reading,
        reference.test.features,
        reference.reading,
        own=samples.once(samples_gaussian),
        real_gaussian=reference.once(reference_gaussian),
    )
    return parts.images, parts.class_shares
