"""Folders as bytes: whole, and never outside the folder they are unpacked into."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ablations.store.parcel import pack, unpack


def test_a_folder_comes_back_whole(tmp_path: Path) -> None:
    (tmp_path / "a" / "inner" / "empty").mkdir(parents=True)
    (tmp_path / "a" / "inner" / "file").write_bytes(b"1")
    unpack(pack(tmp_path / "a"), tmp_path / "b")
    assert sorted(str(path.relative_to(tmp_path / "b")) for path in (tmp_path / "b").rglob("*")) == [
        "inner",
        "inner/empty",
        "inner/file",
    ]
    assert (tmp_path / "b" / "inner" / "file").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("name", "kind"), [("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE), ("x", tarfile.SYMTYPE)]
)
def test_nothing_is_written_outside(name: str, kind: bytes, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(tarfile.TarError, match="no file inside"):
        unpack(buffer.getvalue(), tmp_path / "to")
    assert [*tmp_path.iterdir()] == [tmp_path / "to"]
    assert not [*(tmp_path / "to").iterdir()]
