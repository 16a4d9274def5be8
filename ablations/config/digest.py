"""SHA-256 of plain data and of arrays: what tells one training, dataset or result from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sha256_of(tree: Any) -> str:
    """SHA-256 of the canonical JSON form of plain data."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def digest_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names, types, shapes and bytes, in the order of the names."""
    import numpy as np  # here, so that a process can still be held to an instruction set once this module is loaded

    sha = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        sha.update(values.tobytes())
    return sha.hexdigest()
