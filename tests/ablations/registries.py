"""Registries as they were: for tests that register parts."""

from __future__ import annotations

from collections.abc import Iterator

from ablations.config import own_parts
from ablations.config.parts import KINDS


def kept() -> Iterator[None]:
    """Whatever is registered, or read from files, while this is suspended is gone after it."""
    parts = {kind: dict(registry._parts) for kind, registry in KINDS.items()}
    read = dict(own_parts._loaded)
    yield
    for kind, before in parts.items():
        KINDS[kind]._parts = before
    own_parts._loaded.clear()
    own_parts._loaded.update(read)
