"""A TorchScript file of the user's as an extractor: `torchscript:FILE`."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import torch
from torch import Tensor

from ablations.config.errors import DataError
from ablations.scoring.extractors.pixels import checked, in_chunks
from ablations.scoring.features import Features
from ablations.store.disk import file_digest

KIND = "torchscript"


class TorchScript:
    """Whatever the file's module makes of images (n, channels, height, width) in [0, 1]: features (n, d)."""

    name = KIND

    def __init__(self, module: torch.jit.ScriptModule, digest: str, device: torch.device) -> None:
        self._module = module
        self._device = device
        self.digest = digest

    def features(self, images: Tensor) -> Features:
        """See `Extractor`; without probabilities.

        Raises:
            DataError: the module does not take such images, or gives no features (n, d).
        """
        images = checked(images)
        try:
            (features,) = in_chunks(images, self._compute, self._device)
        except RuntimeError as error:
            shape = " x ".join(str(size) for size in images.shape[1:])
            reason = str(error).strip().splitlines()[-1]
            raise DataError(f"the TorchScript extractor takes no images of {shape}: {reason}") from error
        # An image with a value that is not finite is known by its features, whatever the module makes of it.
        spoiled = (
            ~images.isfinite().flatten(1).all(1) if images.is_floating_point() else torch.zeros(len(images)).bool()
        )
        features[spoiled] = torch.nan
        return Features(features=features.numpy())

    def _compute(self, images: Tensor) -> tuple[Tensor, ...]:
        made = self._module(images)
        if not isinstance(made, Tensor) or made.ndim != 2 or len(made) != len(images):
            found = f"a tensor of {tuple(made.shape)}" if isinstance(made, Tensor) else f"a {type(made).__name__}"
            raise DataError(f"the TorchScript extractor must give features (n, d), not {found}")
        return (made.float(),)


def load_torchscript(path: Path, *, device: str | torch.device = "cpu") -> TorchScript:
    """The extractor of a file that `torch.jit.save` wrote; its digest is that of the file.

    TorchScript runs the file's own code, within PyTorch's operators: load only what you trust.

    Raises:
        DataError: the file is missing, or no TorchScript.
    """
    try:
        digest = file_digest(path)
        with warnings.catch_warnings():
            # PyTorch advises against writing new such files; those that users have go on working.
            warnings.simplefilter("ignore", FutureWarning)
            module = torch.jit.load(io.BytesIO(path.read_bytes()), map_location=device)
    except OSError as error:
        raise DataError(f"cannot read the extractor {path}: {error.strerror or error}") from error
    except RuntimeError as error:
        raise DataError(f"{path} is no TorchScript file; write one with torch.jit.save") from error
    return TorchScript(module.eval(), digest, torch.device(device))
