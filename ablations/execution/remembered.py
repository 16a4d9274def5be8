"""Answers that take a second to find and stay the same while some files do, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import platformdirs

import ablations
from ablations.config.digest import sha256_of
from ablations.config.errors import UserError
from ablations.data.atomic_files import write_atomically


def remembered(question: Any, files: Iterable[Path] | str, find: Callable[[], Any]) -> Any:
    """The answer to a question, both plain data: what `find` gave when all of `files`, or what `state_of` says of them,
    were as they are now.

    A file counts as the same while its name, size and time of change are. Where the cache folder cannot be read or
    written, `find` is asked again.
    """
    state = files if isinstance(files, str) else state_of(files)
    place = answers_folder() / f"{sha256_of(question)[:32]}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(place.read_bytes())
        if kept["state"] == state:
            return kept["answer"]
    answer = find()
    with contextlib.suppress(OSError, UserError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps({"state": state, "answer": answer}).encode())
    return answer


def state_of(files: Iterable[Path]) -> str:
    """Of all these files: looked at once for many questions."""
    return sha256_of([ablations.__version__, *sorted(map(_state, files))])


def answers_folder() -> Path:
    return Path(platformdirs.user_cache_dir("gan-ablations")) / "answers"


def _state(path: Path) -> list[Any]:
    found = path.stat()
    return [str(path), found.st_size, found.st_mtime_ns]
