"""Frozen weights: a safetensors file with the facts of its training in its metadata, and its SHA-256 beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from ablations.config.errors import DataError
from ablations.data.atomic_files import write_atomically

FOLDER = Path(str(resources.files("ablations.scoring.extractors"))) / "weights"
"""The frozen weights of this project."""

METADATA_KEY = "extractor"


@dataclass(frozen=True, eq=False, kw_only=True)
class Frozen:
    """The content of a weights file."""

    state: dict[str, Tensor]
    facts: Mapping[str, Any]
    digest: str
    """SHA-256 of the file."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training made."""

    facts: Mapping[str, Any]
    """Where the weights come from, and what was measured of them: what stands in the file."""
    digest: str
    """SHA-256 of the file."""
    seconds: float


def digest_file(weights: Path) -> Path:
    """Where the SHA-256 of a weights file is kept, in the form that `sha256sum --check` reads."""
    return weights.with_name(f"{weights.name}.sha256")


def write_frozen(path: Path, state: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
    """Write weights and facts, and the digest beside them, which is returned; the same input gives the same bytes.

    Raises:
        DataError: the file cannot be written.
    """
    # One metadata key: safetensors writes several in an order that changes from call to call.
    whole = {name: value.detach().contiguous(memory_format=torch.contiguous_format) for name, value in state.items()}
    content = save(whole, metadata={METADATA_KEY: json.dumps(facts, sort_keys=True)})
    digest = hashlib.sha256(content).hexdigest()
    write_atomically(path, content)
    write_atomically(digest_file(path), f"{digest}  {path.name}\n".encode())
    return digest


def read_frozen(path: Path, kind: str) -> Frozen:
    """The weights of an extractor of that kind.

    Raises:
        DataError: the file or its digest is missing, the file is not the one that the digest was taken of, or it is an
            extractor of another kind.
    """
    content, digest = read_verified(path)
    try:
        state = load(content)
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()[METADATA_KEY])
        found = facts["kind"]
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no extractor of this project: {error}") from error
    if found != kind:
        raise DataError(f"{path} is an extractor of the kind {found!r}, not {kind!r}; choose it by that name")
    return Frozen(state=state, facts=facts, digest=digest)


def read_verified(path: Path) -> tuple[bytes, str]:
    """The bytes of a file whose digest lies beside it, and that digest.

    Raises:
        DataError: either is missing, or they do not belong together.
    """
    try:
        content = path.read_bytes()
        expected = digest_file(path).read_text().split()[0]
    except (OSError, IndexError) as error:
        message = f"cannot read the extractor {path} and its digest: {error}; install the package again"
        raise DataError(message) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        raise DataError(
            f"the extractor {path} is truncated or altered: its SHA-256 is {digest}, not {expected} as stated in "
            f"{digest_file(path).name}; install the package again, or train it again"
        )
    return content, digest
