"""Checkpoints of a group in training: atomic, with a digest, the two newest kept.

A checkpoint is a folder `step-<number>` with `state.safetensors` and `head.json`; `head.json` carries the digest of the
state, whatever plain data the caller needs to go on, and a digest of itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ablations.config.errors import DataError
from ablations.store.disk import file_digest, whole_folder
from ablations.store.sealed import opened, sealed

KEPT = 2
_STATE = "state.safetensors"
_HEAD = "head.json"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a group at a step."""

    step: int
    tensors: Mapping[str, Tensor]
    head: Mapping[str, Any]


def save_checkpoint(folder: Path, identity: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, all or nothing, and prune the oldest.

    Raises:
        DataError: the disk is full, or the folder cannot be written.
    """
    target = folder / f"step-{checkpoint.step:09d}"
    try:
        with whole_folder(target) as part:
            save_file({k: v.cpu().contiguous() for k, v in checkpoint.tensors.items()}, part / _STATE)
            digest = file_digest(part / _STATE)
            head = {"identity": identity, "step": checkpoint.step, "state": digest, "head": checkpoint.head}
            (part / _HEAD).write_bytes(sealed(head))
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot write the checkpoint {target}: {error}; make room or move --store") from error
    for old in _saved(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path, identity: str, on_refused: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint that is whole and belongs to `identity`; each refused one is named to `on_refused`."""
    for path in reversed(_saved(folder)):
        try:
            head = opened(path / _HEAD)
            if head["identity"] != identity:
                raise ValueError(f"it belongs to {head['identity']}, not to {identity}")
            if head["state"] != file_digest(path / _STATE):
                raise ValueError(f"{_STATE} does not have the SHA-256 that {_HEAD} states")
            return Checkpoint(step=head["step"], tensors=load_file(path / _STATE), head=head["head"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            on_refused(f"refused the checkpoint {path}: {error}")
    return None


def discard_checkpoints(folder: Path) -> None:
    """Remove a group's checkpoints; none is not an error."""
    shutil.rmtree(folder, ignore_errors=True)


def pack(arrays: Mapping[str, Any]) -> dict[str, Tensor]:
    """NumPy arrays as tensors that a checkpoint can hold."""
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def _saved(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*") if path.is_dir())
