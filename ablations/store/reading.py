"""An archive for those who only read it. No torch."""

from __future__ import annotations

from pathlib import Path

from ablations.config.errors import StoreError
from ablations.store import marker
from ablations.store.archive import Archive


def existing(location: str | Path) -> Archive:
    """The archive that is there: none is made.

    Raises:
        StoreError: there is none, or what `Archive.open` raises.
    """
    if "://" not in str(location) and not (Archive.place(location) / marker.NAME).exists():
        raise StoreError(
            f"there is no store at {location} yet: train a study into it, such as `ablations run quick`, or name "
            "another with --store"
        )
    return Archive.open(location)
