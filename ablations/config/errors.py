"""The errors a user can cause, and their exit code.

Every message names the offending value and the way out; the command line prints it without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable


class UserError(Exception):
    """Something outside the program must change: input, data, disk, network. Exit code 2."""

    exit_code = 2


class ConfigError(UserError):
    """An unknown key, a value out of range, or an impossible combination."""


class DataError(UserError):
    """A dataset or a file that is missing, truncated, altered, or cannot be written."""


class StoreError(UserError):
    """The store cannot be reached, read or written."""


def unknown(
    kind: str, name: object, valid: Iterable[str], also: str = "", *, deeper: Collection[str] = ()
) -> ConfigError:
    """A `ConfigError` for a name that is not in `valid`, with the nearest valid one; `also` says what else is valid,
    and `deeper` are dotted keys that may be meant.
    """
    names = sorted(valid)
    said = ", ".join([*names, *filter(None, [also])]) or "none"
    hint = _whole(str(name), [*names, *deeper]) or nearest(str(name), names)
    return ConfigError(f"unknown {kind} {str(name)!r}{hint} (valid: {said})")


def _whole(name: str, keys: Collection[str]) -> str:
    """A question for the dotted keys of which this is the last word; empty where there is none."""
    whole = sorted({key for key in keys if key.endswith(f".{name}")})
    return f"; did you mean {' or '.join(map(repr, whole))}?" if whole else ""


def nearest(name: str, valid: Collection[str]) -> str:
    """A question for the valid name that is most like this one; empty where none is."""
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
