"""Images as extractors take them: checked, in chunks of one size, computed in full precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ablations.config.errors import DataError
from ablations.scoring.extractors.trunk import Shape

CHUNK = 100
"""Images computed at a time. Always exactly so many: kernels, and so the last bits, can depend on the number."""


def checked(images: Tensor) -> Tensor:
    """Images as (n, channels, height, width), with NaN for every value that is not finite.

    Raises:
        ValueError: another number of axes, another type, or floats outside [0, 1].
    """
    if images.ndim not in (3, 4):
        raise ValueError(f"images must have the shape (n, channels, height, width), not {tuple(images.shape)}")
    images = images if images.ndim == 4 else images.unsqueeze(1)
    if images.dtype == torch.uint8 or not len(images):
        return images
    if not images.is_floating_point():
        raise ValueError(f"images must be uint8 or float, not {images.dtype}")
    low, high = (value.item() for value in images.detach().aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        # Convolutions and ReLU hand NaN on to every feature, but can turn an infinity into a harmless 0.
        return images.nan_to_num(nan=math.nan, posinf=math.nan, neginf=math.nan)
    if low < 0 or high > 1:
        raise ValueError(f"float images must lie in [0, 1], not in [{low:.3g}, {high:.3g}]")
    return images


def of_shape(images: Tensor, shape: Shape, name: str) -> Tensor:
    """The same images.

    Raises:
        DataError: they do not have that number of channels, that height or that width.
    """
    if tuple(images.shape[1:]) != shape:
        ours, theirs = (" x ".join(str(size) for size in sizes) for sizes in (shape, images.shape[1:]))
        raise DataError(
            f"the extractor {name!r} takes images of {ours} (channels, height, width), not of {theirs}; "
            "train one on such images, or choose an extractor that takes any, as `dinov2`"
        )
    return images


def in_chunks(
    images: Tensor, compute: Callable[[Tensor], tuple[Tensor, ...]], device: torch.device, chunk: int = CHUNK
) -> tuple[Tensor, ...]:
    """What `compute` makes of images (chunk, channels, height, width) in [0, 1], for all images, on the CPU.

    The last chunk is filled up with black images. Without gradients, and with float32 products in full precision.
    """
    count = len(images)
    parts: list[tuple[Tensor, ...]] = []
    with torch.no_grad(), full_precision():
        for start in range(0, max(count, 1), chunk):
            part = images[start : start + chunk].to(device)
            used = len(part)
            if used < chunk:
                part = torch.cat([part, part.new_zeros(chunk - used, *part.shape[1:])])
            pixels = part.float() / 255 if part.dtype == torch.uint8 else part.float()
            parts.append(tuple(value[:used].cpu() for value in compute(pixels)))
    return tuple(torch.cat(values) for values in zip(*parts, strict=True))


@contextmanager
def full_precision() -> Iterator[None]:
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
