"""An archive for those who only read it. No torch."""

from __future__ import annotations

from pathlib import Path

from ablations.config.errors import StoreError
from ablations.store import marker
from ablations.store.archive import Archive


def is_there(location: str | Path) -> bool:
    """Whether there is an archive; none is made.

    Raises:
        StoreError: what `Archive.place` raises, or an object store that is not in reach.
    """
    if "://" not in str(location):
        return (Archive.place(location) / marker.NAME).exists()
    from ablations.store.object_store import ObjectStore

    return ObjectStore(str(location)).read(marker.NAME) is not None


def existing(location: str | Path, option: str = "--store") -> Archive:
    """The archive that is there: none is made. `option` is how the user named it.

    Raises:
        StoreError: there is none, or what `Archive.open` raises.
    """
    if not is_there(location):
        raise StoreError(
            f"there is no store at {location} yet: train a study into it, such as `ablations run quick`, or name "
            f"another with {option}"
        )
    return Archive.open(location)
