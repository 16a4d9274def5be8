"""An object store through fsspec (s3 and its kind): objects written whole, listed, and created once. No torch.

Credentials come from the environment, as each service's own library reads them (`AWS_ACCESS_KEY_ID`, profiles, roles,
`AWS_ENDPOINT_URL` for a server of one's own): none is part of an address, so none can reach a log or a page.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import fsspec

from ablations.config.errors import StoreError
from ablations.config.secrets import without_secret

SCHEMES = ("s3", "gs", "abfs", "memory")
LEASE_SECONDS = 60.0
"""A lease whose holder has been silent for so long is free; its contenders' clocks must agree better than that."""


class ObjectStore:
    """All objects whose names begin with one prefix."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in SCHEMES:
            raise StoreError(
                f"--store {without_secret(address)}: runs are kept in a folder or in an object store "
                f"({', '.join(f'{scheme}://' for scheme in SCHEMES[:-1])}); a tracking server is named with --mirror"
            )
        if "@" in parts.netloc:
            raise StoreError(
                f"--store {without_secret(address)}: no credentials in an address; set them in the environment"
            )
        self.address = address.rstrip("/")
        with self._said():
            self._files, self._root = fsspec.core.url_to_fs(self.address, use_listings_cache=False)

    def list(self, prefix: str) -> dict[str, str]:
        """Name and version of each object below a prefix that ends with "/"."""
        with self._said():
            try:
                found = self._files.find(f"{self._root}/{prefix}", detail=True)
            except FileNotFoundError:
                return {}
        skip = len(self._root.strip("/")) + 1
        return {name.strip("/")[skip:]: _version(facts) for name, facts in found.items()}

    def version(self, name: str) -> str | None:
        """None where there is no such object."""
        with self._said():
            try:
                return _version(self._files.info(self._path(name)))
            except FileNotFoundError:
                return None

    def read(self, name: str) -> bytes | None:
        with self._said():
            try:
                return bytes(self._files.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        with self._said(absent=StoreError):
            self._files.pipe_file(self._path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        """False where the object exists: of several who try at once, one succeeds."""
        with self._said(absent=StoreError):
            try:
                self._files.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            return True

    def remove(self, name: str) -> None:
        """None is not an error."""
        with self._said():
            try:
                self._files.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def lease(self, name: str, seconds: float = LEASE_SECONDS) -> RenewedLease | None:
        """Hold a name among all who reach the store; None while another holds it."""
        prefix = f"leases/{name}/"
        # A store without folders may list, beside what lies under the name, the name itself.
        taken = sorted(item for item in self.list(prefix) if item.removeprefix(prefix).isdigit())
        number = 0
        if taken:
            newest = self.read(taken[-1])
            if newest is None:  # released meanwhile, and perhaps taken by another under the first number
                return None
            if json.loads(newest or b"{}").get("until", 0.0) > time.time():
                return None
            number = int(taken[-1].rpartition("/")[2]) + 1
        place = f"{prefix}{number:09d}"
        if not self.create(place, _lease(seconds)):
            return None
        for old in taken:
            self.remove(old)
        return RenewedLease(self, place, seconds)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _said(self, absent: type[Exception] = FileNotFoundError) -> Iterator[None]:
        """What a library raises as one sentence, and nothing of what it was asked with; `absent` is let through."""
        try:
            yield
        except (absent, FileExistsError, StoreError):
            raise
        except ImportError as error:
            raise StoreError(f"--store {self.address}: pip install 'gan-ablations[cluster]' ({error.name})") from error
        except Exception as error:  # noqa: BLE001 - every service's library has errors of its own
            reason = without_secret((str(error).strip().splitlines() or [type(error).__name__])[0])
            raise StoreError(
                f"the object store {self.address} cannot be used: {type(error).__name__}: {reason}; check its address "
                "and the credentials in the environment"
            ) from None


class RenewedLease:
    """A lease that is renewed until it is released, or its process ends."""

    def __init__(self, store: ObjectStore, place: str, seconds: float) -> None:
        self._store, self._place, self._seconds = store, place, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def release(self) -> None:
        self._ended.set()
        self._thread.join()
        self._store.remove(self._place)

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / 3):
            try:
                self._store.write(self._place, _lease(self._seconds))
            except StoreError:
                continue  # away for a while: the next time


def _lease(seconds: float) -> bytes:
    return json.dumps({"until": time.time() + seconds}).encode()


def _version(facts: dict[str, Any]) -> str:
    """Changes with the content."""
    return str(facts.get("ETag") or facts.get("etag") or facts.get("created") or facts.get("size"))
