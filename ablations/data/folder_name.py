"""How a folder of one's own is named as a dataset. No torch."""

from __future__ import annotations

from pathlib import Path

from ablations.config.errors import DataError
from ablations.config.paths import with_home


def folder_of(text: str) -> tuple[Path, int | None]:
    """What a folder's name says: `photos@64` is the folder `photos`, and 64 pixels a side.

    Raises:
        DataError: a size that is none.
        ConfigError: what `with_home` raises.
    """
    path, sign, size = text.rpartition("@")
    if not sign or with_home(text).is_dir():
        return with_home(text), None
    if not size.isdecimal() or not 8 <= int(size) <= 256:
        raise DataError(f"{text!r}: the size behind @ must be 8 to 256 pixels, not {size!r}")
    return with_home(path), int(size)
