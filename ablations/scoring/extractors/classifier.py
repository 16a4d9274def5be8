"""Images to features: the frozen classifier."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load
from torch import Tensor

from ablations.config.errors import DataError
from ablations.scoring.extractors.classifier_training import METADATA_KEY, ClassifierNetwork, Facts, digest_file
from ablations.scoring.metrics.values import Features

WEIGHTS = Path(str(resources.files("ablations.scoring.extractors"))) / "weights" / "classifier.safetensors"

CHUNK = 500
"""Images computed at a time. Always exactly so many: kernels, and so the last bits, can depend on the number."""


class Classifier:
    """The frozen network, in eval mode; make it with `load_classifier`."""

    def __init__(self, network: ClassifierNetwork, digest: str, facts: Facts) -> None:
        self._network = network
        self.digest = digest
        """SHA-256 of the weights file."""
        self.facts = facts

    @property
    def device(self) -> torch.device:
        return self._network.head.weight.device

    def features(self, images: Tensor) -> Features:
        """Features of images (n, 1, 28, 28) or (n, 28, 28), uint8 or float in [0, 1], computed in float32 on the
        classifier's device.

        An image's features depend on that image alone: not on n, on its place or on its neighbours. An image with a
        value that is not finite has NaN for features.

        Raises:
            ValueError: another shape, type or range.
        """
        images = _checked(images)
        count = len(images)
        features = torch.empty(count, self._network.head.in_features, device=self.device)
        probabilities = torch.empty(count, self._network.head.out_features, device=self.device)
        with torch.no_grad(), _full_precision():
            for start in range(0, count, CHUNK):
                part = images[start : start + CHUNK].to(self.device)
                used = len(part)
                if used < CHUNK:
                    part = torch.cat([part, part.new_zeros(CHUNK - used, *part.shape[1:])])
                pixels = part.float() / 255 if part.dtype == torch.uint8 else part.float()
                hidden = self._network.trunk(pixels)
                features[start : start + used] = hidden[:used]
                probabilities[start : start + used] = self._network.head(hidden).softmax(1)[:used]
        return Features(features=features.cpu().numpy(), probabilities=probabilities.cpu().numpy())


def load_classifier(path: Path = WEIGHTS, *, device: str | torch.device = "cpu") -> Classifier:
    """The classifier of a weights file; by default the one of this project.

    Raises:
        DataError: the file is missing, or is not the one that the digest beside it was taken of.
    """
    try:
        content = path.read_bytes()
        expected = digest_file(path).read_text().split()[0]
    except (OSError, IndexError) as error:
        message = f"cannot read the classifier {path} and its digest: {error}; install the package again"
        raise DataError(message) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        raise DataError(
            f"the classifier {path} is truncated or altered: its SHA-256 is {digest}, not {expected} as stated in "
            f"{digest_file(path).name}; install the package again, or train it with `ablations classifier`"
        )
    try:
        network = ClassifierNetwork()
        network.load_state_dict(load(content))
        with safe_open(path, "pt") as file:
            facts = Facts(**json.loads(file.metadata()[METADATA_KEY]))
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no classifier of this project: {error}") from error
    return Classifier(network.eval().requires_grad_(False).to(device), digest, facts)


def _checked(images: Tensor) -> Tensor:
    """`images` as (n, 1, 28, 28) if they are what they must be, with NaN for every value that is not finite."""
    if images.shape[1:] not in ((28, 28), (1, 28, 28)):
        raise ValueError(f"images must have the shape (n, 1, 28, 28) or (n, 28, 28), not {tuple(images.shape)}")
    images = images.reshape(-1, 1, 28, 28)
    if images.dtype == torch.uint8 or not len(images):
        return images
    if not images.is_floating_point():
        raise ValueError(f"images must be uint8 or float, not {images.dtype}")
    low, high = (value.item() for value in images.aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        # Convolutions and ReLU hand NaN on to every feature, but can turn an infinity into a harmless 0.
        return images.nan_to_num(nan=math.nan, posinf=math.nan, neginf=math.nan)
    if low < 0 or high > 1:
        raise ValueError(f"float images must lie in [0, 1], not in [{low:.3g}, {high:.3g}]")
    return images


@contextmanager
def _full_precision() -> Iterator[None]:
    """A caller may train with reduced float32 products (TF32, bf16); a score is always computed in full."""
    before = torch.get_float32_matmul_precision()
    convolutions = torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
        torch.backends.cudnn.allow_tf32 = convolutions
