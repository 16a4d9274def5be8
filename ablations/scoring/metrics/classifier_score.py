"""The classifier score: the Inception score (Salimans et al. 2016, arXiv:1606.03498) of the frozen classifier.

It sees neither the data nor the variety within a class: one perfect image of each class has the highest score.
"""

from __future__ import annotations

import numpy as np

from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.values import Float, Reference, Samples


def classifier_score(probabilities: Float) -> float:
    """Exp of the mean of KL(p(y|x) || p(y)) over all samples at once, for p(y|x) of (n, classes): 1 to the classes."""
    wide = np.asarray(probabilities, dtype=np.float64)
    return float(np.exp(entropy(wide.mean(0)) - entropy(wide).mean()))


def confidence(probabilities: Float) -> float:
    """The mean probability of the predicted class."""
    return float(np.asarray(probabilities, dtype=np.float64).max(1).mean())


def entropy(shares: Float) -> Float:
    """Of shares along the last axis, in nats; 0 log 0 is 0."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    values: Float = -(shares * logs).sum(-1)
    return values


@computes("classifier_score", "confidence")
def _classifier_score(samples: Samples, reference: Reference) -> tuple[float, ...]:
    probabilities = samples.seen.probabilities
    assert probabilities is not None, "a metric of classes is taken by the reader"
    return classifier_score(probabilities), confidence(probabilities)
