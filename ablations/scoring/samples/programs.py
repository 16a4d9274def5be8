"""Images drawn by a generator that was saved as a program: TorchScript, or torch.export.

To load such a file is to run code of whoever made it.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ablations.config.errors import DataError
from ablations.data import DataShape
from ablations.data.shape import MNIST_SHAPE as SHAPE
from ablations.scoring.samples.checked import Samples, samples_of

BATCH = 500
SCRIPT, EXPORTED = (".pt", ".pth", ".ts"), (".pt2",)
DISTRIBUTIONS: dict[str, Callable[..., Tensor]] = {"normal": torch.randn, "uniform": torch.rand}
"""N(0, 1), and uniform on [0, 1)."""

Program = Callable[..., Any]


def generate(
    path: Path,
    *,
    count: int,
    latent_size: int,
    latent_distribution: str = "normal",
    conditional: bool = False,
    seed: int = 0,
    value_range: str | None = None,
    shape: DataShape = SHAPE,
) -> Samples:
    """Draw samples from a program that takes z (n, latent_size), float32, and gives images in a form of `shapes`.

    If `conditional` it is called with z and classes (n,), int64, and sample i is asked for class i mod the number of
    classes.

    Raises:
        DataError: the file is no such program, it fails, or what it gives are no images.
    """
    if conditional and shape.classes is None:
        raise DataError(f"{path}: the data have no labels that a conditional generator could be asked for")
    program, batch = _loaded(path)
    generator = torch.Generator().manual_seed(seed)
    draw = DISTRIBUTIONS[latent_distribution]
    classes = shape.classes or 1
    labels = torch.arange(count) % classes
    drawn = []
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        # A program may draw noise of its own, from the global generator: let it be the same each time.
        torch.random.manual_seed(seed)
        for start in range(0, count, batch):
            # Always whole batches: a program may be exported for one size only.
            latents = draw(batch, latent_size, generator=generator)
            inputs = (latents, (start + torch.arange(batch)) % classes) if conditional else (latents,)
            drawn.append(_checked(_run(program, inputs, path), batch, path))
    images = torch.cat(drawn)[:count].numpy()
    return samples_of(
        images, str(path), value_range=value_range, labels=labels.numpy() if conditional else None, shape=shape
    )


def _loaded(path: Path) -> tuple[Program, int]:
    """The program, and how many samples it draws at a time."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read {path} as the program of a generator: {reason}") from error
    exported = path.suffix.lower() in EXPORTED
    if not exported and not any("/code/" in name for name in names):
        raise DataError(
            f"{path} is no TorchScript program (a pickle of torch.save, perhaps, which is never loaded); save the "
            "generator with torch.export.save as .pt2, or with torch.jit.save"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            if exported:
                return _exported(path)
            return torch.jit.load(path, map_location="cpu").eval(), BATCH
    except Exception as error:  # whatever a loader makes of a foreign file
        raise DataError(f"cannot load {path} as the program of a generator: {_first_line(error)}") from error


def _exported(path: Path) -> tuple[Program, int]:
    program = torch.export.load(path)
    inputs = program.graph_signature.user_inputs
    nodes = [node for node in program.graph.nodes if node.op == "placeholder" and node.name in inputs]
    size = nodes[0].meta["val"].shape[0] if nodes else BATCH
    return program.module(), size if isinstance(size, int) else BATCH


def _run(program: Program, inputs: tuple[Tensor, ...], path: Path) -> Any:
    try:
        return program(*inputs)
    except Exception as error:  # whatever a foreign program raises
        shapes = " and ".join(str(tuple(item.shape)) for item in inputs)
        raise DataError(
            f"the program {path} failed when called with {shapes}; are --latent-size and --conditional right? "
            f"{_first_line(error)}"
        ) from error


def _checked(images: Any, batch: int, path: Path) -> Tensor:
    if not isinstance(images, Tensor):
        raise DataError(f"the program {path} gave a {type(images).__name__}; expected one tensor of images")
    if not images.ndim or len(images) != batch:
        raise DataError(f"the program {path} gave the shape {tuple(images.shape)} for {batch} latents")
    return images.detach().cpu().float() if images.dtype == torch.bfloat16 else images.detach().cpu()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
