"""DINOv2 (Oquab et al. 2023) as an extractor: `dinov2`, fetched once, or `dinov2:FILE`, a weights file that is there.

Stein et al. 2023 (arXiv:2306.04675) found its features the closest to what people see. It is the small model, and takes
minutes for 10,000 images on a CPU.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from urllib.error import URLError

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.config.errors import DataError
from ablations.scoring.extractors.pixels import checked, in_chunks
from ablations.scoring.extractors.vision_transformer import VisionTransformer, vision_transformer
from ablations.scoring.features import Features
from ablations.store.disk import file_digest

KIND = "dinov2"
ADDRESS = "https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth"
SIDE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, which DINOv2's images are standardised by."""
CHUNK = 20


class DinoV2:
    """The extractor; make it with `load_dinov2`. It takes images of any size, grey or with three channels."""

    name = KIND

    def __init__(self, network: VisionTransformer, digest: str) -> None:
        self._network = network
        self.digest = digest

    def features(self, images: Tensor) -> Features:
        """See `Extractor`; without probabilities."""
        images = checked(images)
        if images.shape[1] not in (1, 3):
            raise DataError(f"the extractor 'dinov2' takes images of 1 or 3 channels, not of {images.shape[1]}")
        (features,) = in_chunks(images, self._compute, self._network.cls_token.device, CHUNK)
        return Features(features=features.numpy())

    def _compute(self, images: Tensor) -> tuple[Tensor, ...]:
        colour = images.expand(-1, 3, -1, -1)
        large = F.interpolate(colour, size=(SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
        mean, deviation = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        return (self._network((large - mean) / deviation),)


def load_dinov2(path: Path | None = None, *, device: str | torch.device = "cpu") -> DinoV2:
    """DINOv2 from a weights file in the form of its authors, by default the small one's, kept in torch hub's folder.

    Raises:
        DataError: the file is missing and cannot be fetched, or does not hold such weights.
    """
    path = path or _fetched()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network = vision_transformer(state)
    except OSError as error:
        raise DataError(f"cannot read the extractor {path}: {error.strerror or error}") from error
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} does not hold the weights of DINOv2: {error}") from error
    return DinoV2(network.to(device), file_digest(path))


def _fetched() -> Path:
    path = Path(torch.hub.get_dir()) / "checkpoints" / ADDRESS.rsplit("/", 1)[1]
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(ADDRESS, str(path), progress=False)
        except (URLError, OSError) as error:
            raise DataError(
                f"cannot fetch DINOv2 from {ADDRESS}: {error}; put the file into {path.parent}, "
                "or name another place of it with `dinov2:FILE`"
            ) from error
    return path
