"""A folder as bytes, to be sent to another machine."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path


def pack(folder: Path) -> bytes:
    """All that lies in a folder, uncompressed: weights hardly get smaller."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder), recursive=False)
    return buffer.getvalue()


def unpack(parcel: bytes, folder: Path) -> None:
    """Into a folder, which is made; nothing is written outside it.

    Raises:
        tarfile.TarError: it is no parcel, or something in it is no plain file or would lie outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(parcel), mode="r:") as archive:
        for member in archive:
            place = (folder / member.name).resolve()
            if not place.is_relative_to(folder.resolve()) or not (member.isfile() or member.isdir()):
                raise tarfile.TarError(f"{member.name!r} is no file inside the parcel")
            content = archive.extractfile(member)
            if content is None:
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content.read())
