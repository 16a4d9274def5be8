"""Who is at work on what: a lease that ends with its holder's process. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout


class Lease(Protocol):
    """Something reserved, until it is released or its holder's process ends."""

    def release(self) -> None: ...


def lease_file(path: Path) -> Lease | None:
    """Hold a lock file among all processes that reach its folder; None while another holds it.

    The file itself stays. Release it with `release()`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock
