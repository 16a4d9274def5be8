"""Leases in an object store, where what others do comes between."""

from __future__ import annotations

import uuid

from ablations.store.object_store import ObjectStore


def test_a_claim_that_is_released_while_it_is_looked_at_is_not_held_twice() -> None:
    store = ObjectStore(f"memory://{uuid.uuid4().hex}")
    first = store.lease("work")
    assert first is not None
    read = store.read

    def released_meanwhile(name: str) -> bytes | None:
        first.release()
        return read(name)

    store.read = released_meanwhile  # type: ignore[method-assign]
    assert store.lease("work") is None
    store.read = read  # type: ignore[method-assign]
    again = store.lease("work")
    assert again is not None
    assert store.lease("work") is None
    again.release()
