"""What the examination of a user's parts finds: one thing looked at, and how a failure is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ablations.config.own_parts import in_a_sentence, silenced


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    part: str
    what: str
    result: str
    """A sentence; where it fails, with the line."""
    fails: bool = False


def failed(label: str, what: str, error: BaseException, place: str) -> Finding:
    """What own code raised, in a sentence; `place` is named where the error passed through no line of it."""
    said = in_a_sentence(error)
    return Finding(part=label, what=what, result=said if ", line " in said else f"{place}: {said}", fails=True)


def findings(label: str, checks: Iterable[tuple[str, Callable[[], str]]], place: str) -> Iterator[Finding]:
    """Of one check after another, up to the first that fails."""
    for what, check in checks:
        try:
            with silenced():
                result = check()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - own code may raise anything
            yield failed(label, what, error, place)
            return
        yield Finding(part=label, what=what, result=result)
