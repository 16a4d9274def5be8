"""Parts of a user's own: Python files and installed packages, run once a process, and only where the user named them.

A file stands alone: its SHA-256 identifies its parts, so what it imports must be installed packages, which do not
change between two runs without being installed anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import io
import linecache
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ablations.config.errors import ConfigError, unknown
from ablations.config.origin import Origin, reading
from ablations.config.parts import KINDS
from ablations.config.paths import with_home
from ablations.config.standing_alone import standing_alone

GROUP = "ablations.parts"
"""The entry points of installed packages: `NAME = "module"`, or `NAME = "module:function"` to be called."""
PACKAGE = "package:"
OWN_MODULE = "own_parts_"
"""How the name begins under which a file is a module; its digest follows."""
PRINTED = 2_000
"""Characters that are kept of what own code prints."""


class PartError(ConfigError):
    """Own code that fails or gives what it must not; the message says where."""


_loaded: dict[str, Origin] = {}
"""By the place that the user named."""


def load(places: Iterable[str]) -> tuple[Origin, ...]:
    """Run the files and packages that the user named, each once a process, and register their parts.

    A place is the path of a .py file, or `package:NAME` for an entry point. A file that was edited since this process
    ran it is run again.

    Raises:
        ConfigError: no such file or entry point, or a part that is refused.
        PartError: the code fails, with its line.
    """
    return tuple(_load(place) for place in places)


def loaded() -> tuple[Origin, ...]:
    """What another process must `ensure` to have the same parts."""
    return tuple(_loaded.values())


def ensure(origins: Iterable[Origin]) -> None:
    """Have the parts of these sources, as they were when another process read them.

    Raises:
        ConfigError: a source has changed since.
        PartError: its code fails.
    """
    for origin in origins:
        if _loaded.get(origin.place) == origin:
            continue
        if origin.sent and origin.text:
            _load_sent(origin)
            continue
        now = _load(origin.place)
        if now.sha256 != origin.sha256:
            raise ConfigError(
                f"{origin.name} has changed since the plan was made (SHA-256 {origin.sha256[:12]} then, "
                f"{now.sha256[:12]} now); run the study again"
            )


def sent(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """The sources as another machine must have them: files by their content, packages as they are installed there."""
    return tuple(dataclasses.replace(origin, sent=True) for origin in origins)


def only_here() -> bool:
    """Whether some part was registered by a notebook or a script, so that no other process can have it."""
    origins = (part.origin for registry in KINDS.values() for part in map(registry.get, registry) if part)
    return any(origin is not None and not origin.place for origin in origins)


def location(error: BaseException) -> str:
    """The innermost line of own code that an error passed through: "my_parts.py, line 12"; empty if there is none."""
    files = {file: origin.name for origin in _origins() for file in origin.files}
    frames: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SyntaxError) and cause.filename in files:
            frames.append(f"{Path(str(cause.filename)).name}, line {cause.lineno}")
        walked = traceback.extract_tb(cause.__traceback__)
        frames += [f"{Path(item.filename).name}, line {item.lineno}" for item in walked if item.filename in files]
        if frames:
            return frames[-1]
        cause = cause.__cause__ or cause.__context__
    return ""


def in_a_sentence(error: BaseException) -> str:
    """An error of own code with its line, without a traceback."""
    text = str(error).strip().splitlines()
    said = text[0][:400] if text else "no message"
    kind = "" if isinstance(error, ConfigError) else f"{type(error).__name__}: "
    where = "" if _says_line(error) else location(error)
    return f"{where}: {kind}{said}" if where and where not in said else f"{kind}{said}"


def _says_line(error: BaseException) -> bool:
    """Whether a message of ours begins with a line of own code: where the mistake is, be it noticed elsewhere."""
    return isinstance(error, ConfigError) and bool(re.match(r"[^:,]+, line \d+: ", str(error)))


@contextlib.contextmanager
def failing_in_a_sentence(what: str, at: str = "") -> Iterator[None]:
    """Whatever own code raises in the block becomes a `PartError` that begins with `what` and names the line; `at` is
    named where the error passed through none.
    """
    try:
        yield
    except PartError:
        raise
    except (Exception, SystemExit) as error:
        place = at if not (_says_line(error) or location(error)) else ""
        raise PartError(": ".join(filter(None, [place, what, in_a_sentence(error)]))) from error


class Printed(io.TextIOBase):
    """Keeps the first characters of what own code prints, and counts the rest."""

    def __init__(self) -> None:
        self._kept = ""
        self._length = 0

    def write(self, text: str) -> int:
        self._kept += text[: max(0, PRINTED - len(self._kept))]
        self._length += len(text)
        return len(text)

    def __str__(self) -> str:
        left_out = self._length - len(self._kept)
        return self._kept + (f"\n[{left_out:,} more characters]" if left_out else "")


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """What own code prints in the block is thrown away."""
    thrown_away = Printed()
    with contextlib.redirect_stdout(thrown_away), contextlib.redirect_stderr(thrown_away):
        yield


def _load(place: str) -> Origin:
    make = _of_package if place.startswith(PACKAGE) else _of_file
    return _enter(*make(place))


def _load_sent(origin: Origin) -> None:
    """Raises `ConfigError` where the text is not what was sent."""
    found = hashlib.sha256(origin.text).hexdigest()
    if found != origin.sha256:
        raise ConfigError(
            f"{origin.name} arrived with SHA-256 {found[:12]}, not {origin.sha256[:12]}; run the study again"
        )
    _enter(origin.place, origin, functools.partial(_run_text, origin))


def _enter(key: str, origin: Origin, run: Callable[[], None]) -> Origin:
    """Run a source that was not run before, in the place of what stood at its key."""
    before = _loaded.get(key)
    if before == origin:
        return origin
    if before is not None:
        _forget(before)
    _loaded[key] = origin
    try:
        with reading(origin), failing_in_a_sentence("", origin.name), silenced():
            run()
    except BaseException:
        _forget(origin)
        del _loaded[key]
        raise
    return origin


def _of_file(place: str) -> tuple[str, Origin, Callable[[], None]]:
    path = with_home(place).absolute()
    if path.suffix != ".py":
        raise ConfigError(f"--parts {place}: name a Python file (*.py), or an installed package as {PACKAGE}NAME")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"--parts {place}: {error.strerror or error}") from error
    sha = hashlib.sha256(text).hexdigest()
    origin = Origin(name=path.name, sha256=sha, files=(str(path),), place=str(path), text=text)
    return str(path), origin, functools.partial(_run_text, origin)


def _run_text(origin: Origin) -> None:
    """Run a file's content as a module; where the file is not here, tracebacks still show its lines."""
    [file] = origin.files
    module = types.ModuleType(f"{OWN_MODULE}{origin.sha256[:12]}")
    module.__file__ = file
    sys.modules[module.__name__] = module
    if origin.sent:
        lines = origin.text.decode(errors="replace").splitlines(keepends=True)
        linecache.cache[file] = (len(origin.text), None, lines, file)
    with standing_alone(origin):
        exec(compile(origin.text, file, "exec"), module.__dict__)


def _of_package(place: str) -> tuple[str, Origin, Callable[[], None]]:
    """The identity of a package's parts is that of all its Python files."""
    name = place.removeprefix(PACKAGE)
    known = {item.name: item for item in importlib.metadata.entry_points(group=GROUP)}
    if name not in known:
        raise unknown(f"package of parts (entry points {GROUP!r}):", name, known)
    entry = known[name]
    top = importlib.util.find_spec(entry.module.partition(".")[0])
    if top is None or top.origin is None:
        raise ConfigError(f"--parts {place}: the module {entry.module!r} is not installed")
    root = Path(top.origin)
    files = sorted(root.parent.rglob("*.py")) if top.submodule_search_locations else [root]
    sha = hashlib.sha256()
    for file in files:
        sha.update(f"{file.relative_to(root.parent)}\n".encode() + file.read_bytes())
    origin = Origin(name=place, sha256=sha.hexdigest(), files=tuple(map(str, files)), place=place)

    def run() -> None:
        module = importlib.import_module(entry.module)
        if entry.attr:
            target: Any = module
            for attribute in entry.attr.split("."):
                target = getattr(target, attribute)
            target()

    return place, origin, run


def _forget(origin: Origin) -> None:
    for registry in KINDS.values():
        registry.forget(origin)


def _origins() -> set[Origin]:
    here = {part.origin for registry in KINDS.values() for part in map(registry.get, registry) if part}
    return {*_loaded.values(), *(origin for origin in here if origin)}
