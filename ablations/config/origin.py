"""Where a part comes from: this package, or source text of a user's own, which its SHA-256 identifies. No torch."""

from __future__ import annotations

import contextlib
import hashlib
import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ablations.config.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Source text that registered parts."""

    name: str
    """Such as "my_parts.py", or "package:NAME"."""
    sha256: str
    """Of the text."""
    files: tuple[str, ...] = ()
    """As tracebacks name them."""
    place: str = ""
    """What another process must be told to have the same parts: see `own_parts.load`. Empty: it cannot have them."""
    text: bytes = field(default=b"", compare=False, repr=False)
    """Of a file: its content, which another machine runs where it has no such file."""
    sent: bool = field(default=False, compare=False)
    """It came from another machine: its text is run, whatever stands at its place here."""


@dataclass(frozen=True, kw_only=True)
class OwnPart:
    """A part of a user's own that a variant names: enough to know it again, without its code."""

    kind: str
    name: str
    source: str
    """Name of the file or package that registered it."""
    sha256: str
    """Of that source: it is the part's identity."""

    def __str__(self) -> str:
        return f"the {self.kind} {self.name!r} of {self.source} (SHA-256 {self.sha256[:12]})"


_being_read: list[Origin] = []


@contextlib.contextmanager
def reading(origin: Origin) -> Iterator[None]:
    """Whatever is registered in the block comes from `origin`."""
    _being_read.append(origin)
    try:
        yield
    finally:
        _being_read.pop()


def origin_of_caller(depth: int) -> Origin:
    """Of the code `depth` frames above the caller of this function: the source that is being read, else its own file
    or notebook cell.

    Raises:
        ConfigError: there is no source text, so nothing could identify what it registers.
    """
    if _being_read:
        return _being_read[-1]
    frame = sys._getframe(depth + 1)
    file = frame.f_code.co_filename
    text = "".join(linecache.getlines(file, frame.f_globals))
    if not text:
        raise ConfigError(
            "a part of one's own is identified by the source text that registers it, and this has none; write it into "
            "a file and name that with --parts FILE"
        )
    name = Path(file).name if Path(file).is_file() else "a notebook cell"
    return Origin(name=name, sha256=hashlib.sha256(text.encode()).hexdigest(), files=(file,))
