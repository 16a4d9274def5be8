"""An archive in an object store, and this machine's copy of what was read of it.

    runs/KEY.tar               a run's folder, one object: it is there whole or not at all
    scores/KEY/SCORER.json     what a later scorer measured of it
    studies/NAME/...  searches/NAME.json
    leases/NAME/...            who is at work on what

The copy is a folder in the form of `archive`, in the user's cache: what has been read once is not fetched again while
it is the same in the store. Checkpoints, locks and Optuna's database stay in the copy.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import platformdirs

from ablations.config.errors import DataError, StoreError
from ablations.store import marker, parcel
from ablations.store.archive import Archive
from ablations.store.disk import whole_folder, write_whole
from ablations.store.leases import Lease
from ablations.store.object_store import ObjectStore
from ablations.store.result import Result
from ablations.store.run_heads import Head

FEW = 32
"""Up to so many runs are asked for one by one, more by one list of all."""


class ObjectArchive(Archive):
    """See `Archive`; every method asks the store for what is newer there."""

    def __init__(self, address: str) -> None:
        self.store = ObjectStore(address)
        name = hashlib.sha256(self.store.address.encode()).hexdigest()[:16]
        super().__init__(Path(platformdirs.user_cache_dir("gan-ablations")) / "archives" / name)

    @classmethod
    def at(cls, address: str) -> Self:
        """Made where there is none.

        Raises:
            StoreError: it is not in reach, or of another form.
        """
        archive = cls(address)
        archive.runs.mkdir(parents=True, exist_ok=True)
        if archive.store.read(marker.NAME) is None:
            archive.store.create(marker.NAME, marker.new())
        archive.identity  # noqa: B018 - raises
        return archive

    @property
    def location(self) -> str:
        return self.store.address

    @property
    def identity(self) -> str:
        try:
            return marker.identity(self.store.read(marker.NAME) or b"", self.location)
        except ValueError as error:
            raise StoreError(f"{self.location} is no archive ({error}); name another place with --store") from error

    def lease(self, name: str) -> Lease | None:
        return self.store.lease(name)

    # --- runs ---

    def folder(self, key: str) -> Path:
        """Of the copy: it has the run, if the store has it."""
        self._fetch([key])
        return super().folder(key)

    def put(self, result: Result, *, again: bool = False) -> bool:
        kept = super().put(result, again=again)
        if kept or self.store.version(f"runs/{result.key}.tar") is None:
            self._send(result.key)
        return kept

    def adopt_run(self, root: Path, key: str, *, again: bool = False) -> None:
        super().adopt_run(root, key, again=again)
        self._send(key)

    def add_scores(self, key: str, scorer: str, steps: Mapping[Any, Mapping[str, float]], noise_floor: float) -> None:
        super().add_scores(key, scorer, steps, noise_floor)
        name = f"scores/{key}/{scorer}.json"
        self.store.write(name, (super().folder(key) / name.replace(f"/{key}", "")).read_bytes())

    def heads(self, keys: Collection[str]) -> dict[str, Head]:
        self._fetch(keys)
        return super().heads(keys)

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        names = (name.removeprefix("runs/").removesuffix(".tar") for name in self.store.list("runs/"))
        return tuple(sorted(name for name in names if name.startswith(prefix)))

    def _send(self, key: str) -> None:
        name = f"runs/{key}.tar"
        self.store.write(name, parcel.pack(super().folder(key)))
        self._note(name, self.store.version(name) or "")

    def _fetch(self, keys: Collection[str]) -> None:
        """Bring the copy of these runs up to date.

        Raises:
            DataError: a run that is damaged in the store.
            StoreError: the copy cannot be written.
        """
        if len(keys) <= FEW:
            there = {name: v for key in keys if (v := self.store.version(name := f"runs/{key}.tar")) is not None}
            scores: dict[str, str] = {}
            for key in keys:
                scores |= self.store.list(f"scores/{key}/")
        else:
            wanted = set(keys)
            there = {n: v for n, v in self.store.list("runs/").items() if n[5:-4] in wanted}
            scores = {n: v for n, v in self.store.list("scores/").items() if n.split("/")[1] in wanted}
        for name, version in there.items():
            if self._noted(name) != version and (data := self.store.read(name)) is not None:
                with self._copying(name), whole_folder(self.runs / name[5:-4]) as part:
                    parcel.unpack(data, part)
                shutil.rmtree(self.root / "versions" / "scores" / name[5:-4], ignore_errors=True)
                self._note(name, version)
        for name, version in scores.items():
            _, key, file = name.split("/")
            if self._noted(name) != version and (data := self.store.read(name)) is not None:
                with self._copying(name):
                    write_whole(self.runs / key / "scores" / file, data)
                self._note(name, version)

    # --- studies and searches ---

    def _write_file(self, path: Path, content: bytes) -> None:
        super()._write_file(path, content)
        name = path.relative_to(self.root).as_posix()
        self.store.write(name, content)
        self._note(name, self.store.version(name) or "")

    def _refresh(self) -> None:
        for prefix in ("studies/", "searches/"):
            for name, version in self.store.list(prefix).items():
                if self._noted(name) != version and (data := self.store.read(name)) is not None:
                    with self._copying(name):
                        write_whole(self.root / name, data)
                    self._note(name, version)

    @contextmanager
    def _copying(self, name: str) -> Iterator[None]:
        """What keeps an object from being copied, as one sentence."""
        try:
            yield
        except tarfile.TarError as error:
            raise DataError(
                f"the run {name[5:-4]} is damaged in the store ({error}): remove {self.location}/{name}, and train it "
                "again"
            ) from error
        except OSError as error:
            raise StoreError(
                f"cannot copy {self.location}/{name} into {self.root}: {error.strerror or error}; make room there, or "
                "name another cache folder with XDG_CACHE_HOME"
            ) from error

    # --- which version of an object the copy has ---

    def _noted(self, name: str) -> str | None:
        path = self.root / "versions" / name
        copied = self.runs / name[5:-4] if name.startswith("runs/") else self.root / name
        if name.startswith("scores/"):
            copied = self.runs / name.split("/")[1]
        return path.read_text() if path.is_file() and copied.exists() else None

    def _note(self, name: str, version: str) -> None:
        with self._copying(name):
            write_whole(self.root / "versions" / name, version.encode())
