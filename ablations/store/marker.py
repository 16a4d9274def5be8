"""`archive.json`: what makes a folder or a bucket an archive."""

from __future__ import annotations

import json
import uuid

from ablations.config.errors import StoreError

NAME = "archive.json"
FORM = 2


def new() -> bytes:
    """The form of the archive, and a name that no other archive has."""
    return json.dumps({"form": FORM, "id": uuid.uuid4().hex}).encode()


def identity(content: bytes, place: object) -> str:
    """The archive's name; empty where it was made without one.

    Raises:
        StoreError: it is an archive of another form.
        ValueError: it is none.
    """
    tree = json.loads(content)
    if not isinstance(tree, dict):
        raise ValueError(f"{NAME} is no mapping")
    if tree.get("form") != FORM:
        raise StoreError(
            f"{place} is an archive of form {tree.get('form')}, this version writes {FORM}; name another place with "
            "--store"
        )
    return str(tree.get("id", ""))
