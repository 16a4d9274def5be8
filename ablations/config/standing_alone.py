"""A file of own parts stands alone: its text is its identity, of which what lies beside it would be no part."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ablations.config.errors import ConfigError
from ablations.config.origin import Origin

_WAY_OUT = "a file of parts stands alone, since its text alone identifies its parts: put what it needs into it"
_MODULES = (".py", ".pyc", ".pyi", ".so", ".pyd")
_opened: list[list[str]] = []
"""What was opened to be read, of each block that is watched."""


@contextlib.contextmanager
def standing_alone(origin: Origin) -> Iterator[None]:
    """The block runs a file of parts.

    Raises:
        ConfigError: it imports a module, or reads a file, that lies beside it, or below.
    """
    folder = Path(origin.files[0]).resolve().parent
    before = set(sys.modules)
    _listen()
    _opened.append([])
    try:
        yield
    except ModuleNotFoundError as error:
        top = (error.name or "").partition(".")[0]
        if top and ((folder / f"{top}.py").is_file() or (folder / top).is_dir()):
            raise ConfigError(f"it imports {top}, which stands beside it; {_modules_way_out()}") from error
        raise
    finally:
        opened = _opened.pop()
    for name in sorted(set(sys.modules) - before):
        file = getattr(sys.modules[name], "__file__", None)
        if file and file not in origin.files and _beside(file, folder):
            raise ConfigError(f"it imports {name} ({file}), which stands beside it; {_modules_way_out()}")
    for file in opened:
        if file not in origin.files and not file.endswith(_MODULES) and _beside(file, folder):
            raise ConfigError(f"it reads {file} when it is loaded; {_WAY_OUT}, or give its parts settings")


def _modules_way_out() -> str:
    return f"{_WAY_OUT}, or install it as a package (--parts package:NAME)"


def _beside(file: str, folder: Path) -> bool:
    """In the folder or below, but not in an environment of packages that lies there, nor in this package itself."""
    path = Path(file).resolve()
    installed = (
        *(Path(place).resolve() for place in (sys.prefix, sys.base_prefix)),
        Path(__file__).resolve().parents[1],
    )
    return path.is_relative_to(folder) and path.is_file() and not any(map(path.is_relative_to, installed))


@functools.cache
def _listen() -> None:
    """Once, from the first file on: an audit hook cannot be taken back."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _opened or event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else os.O_RDONLY
    if flags & (os.O_WRONLY | os.O_RDWR) == os.O_RDONLY:
        _opened[-1].append(os.path.abspath(os.fsdecode(arguments[0])))
