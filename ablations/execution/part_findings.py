"""What the examination of a user's parts finds: one thing looked at, and how a failure is told."""

from __future__ import annotations

from dataclasses import dataclass

from ablations.config.own_parts import in_a_sentence


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
