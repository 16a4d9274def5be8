"""JSON files that carry the SHA-256 of what they say, so that a changed number does not pass for the one written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablations.config.digest import sha256_of

_SEAL = "sha256"


def sealed(tree: Mapping[str, Any]) -> bytes:
    read_back = json.loads(json.dumps(tree))
    return json.dumps({**read_back, _SEAL: sha256_of(read_back)}, indent=1).encode()


def opened(path: Path) -> dict[str, Any]:
    """Raises `OSError`, or `ValueError` for anything but what `sealed` has made."""
    tree = json.loads(path.read_bytes())
    if not isinstance(tree, dict):
        raise ValueError(f"{path.name} is no mapping")
    if tree.pop(_SEAL, None) != sha256_of(tree):
        raise ValueError(f"{path.name} does not say what was written: its own SHA-256 differs")
    return tree
