"""The archive: a folder a run, by key, and a record a study. It is the one truth; MLflow is a mirror of it.

    archive.json                    that this is one, and of which form
    runs/KEY/                       a run: see `run_folder`
    studies/NAME/                   study.json: a study and the keys of its runs; report.html, verdicts.json
    searches/NAME.json, work/       a search and its trials; checkpoints, locks, Optuna's database

A run's folder comes into being by one rename: what exists is whole, and two writers of one key leave one folder.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ablations.config import Study
from ablations.config.errors import DataError, StoreError, UserError
from ablations.config.paths import with_home
from ablations.store import marker, run_folder
from ablations.store.disk import restore, write_whole
from ablations.store.leases import Lease, lease_file
from ablations.store.noise_check import FILE, read_checks
from ablations.store.result import Result
from ablations.store.run_heads import Head, RunHeads
from ablations.store.stored_study import Member, StoredStudy, no_study
from ablations.store.study_results import results_of

_KEY = re.compile(r"[0-9a-f]{20}")


class Archive:
    """Open with `Archive.open`. Any number of processes may read and write at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs = root / "runs"
        self.work = root / "work"

    @staticmethod
    def place(location: str | Path) -> Path:
        """The folder in which an archive is or could be; nothing is made.

        Raises:
            StoreError: it is no folder, or holds something else.
        """
        root = with_home(location).absolute()
        if root.exists() and not root.is_dir():
            raise StoreError(f"--store {location} is a file; name a folder")
        marker.check_path(root)
        if (root / "mlflow.db").exists() and not ((root / marker.NAME).exists() or (root / "runs").is_dir()):
            raise StoreError(
                f"{root} was written by an earlier version, which kept its runs in MLflow; they cannot be read by this "
                "one: name another folder with --store, and train the study again"
            )
        return root

    @property
    def location(self) -> str | Path:
        """Where it is opened again from, in another process."""
        return self.root

    @property
    def identity(self) -> str:
        """Tells it from every other archive, wherever it is moved to."""
        return marker.identity((self.root / marker.NAME).read_bytes(), self.location)

    @classmethod
    def open(cls, location: str | Path) -> Archive:
        """The archive in a folder or an object store, made where it does not exist.

        Raises:
            StoreError: it is no folder, cannot be made, or holds something else.
        """
        if "://" in str(location):
            from ablations.store.object_archive import ObjectArchive

            return ObjectArchive.at(str(location))
        try:
            root = cls.place(location)
            marker.found(root)
        except OSError as error:
            raise StoreError(f"cannot open the archive {location}: {error}; name another --store") from error
        return cls(root)

    @staticmethod
    def reopened(location: str | Path) -> Archive:
        """Without the checks of `open`, which this command has made of this location already."""
        if "://" in str(location):
            from ablations.store.object_archive import ObjectArchive

            return ObjectArchive(str(location))
        return Archive(Path(location))

    def lease(self, name: str) -> Lease | None:
        """Reserve work among all who reach the archive; None while another has it."""
        return lease_file(self.work / "leases" / f"{name}.lock")

    # --- runs ---

    def folder(self, key: str) -> Path:
        return self.runs / key

    def put(self, result: Result, *, again: bool = False) -> bool:
        """Keep a result as its run's folder; False where the archive had the run already, and keeps what it has.

        A run that is done is replaced only by one that is done too and has more scored steps or weights that it lacks,
        or where its files are damaged, or `again`; any other run by whatever comes later.

        Raises:
            DataError: the disk is full, or the folder cannot be written.
        """
        if self._keeps(result, again):
            return False
        try:
            run_folder.save(result, self.folder(result.key))
        except DataError:
            if self._keeps(result, again):
                return False  # another process was faster
            raise
        return True

    def adopt(self, root: Path, *, again: bool = False) -> None:
        """Keep the runs that another machine left in an archive at `root`, each folder whole and once, or `again`.

        Raises:
            DataError: one is damaged, or cannot be written.
        """
        for key in Archive(root).keys():  # noqa: SIM118 - an archive is no mapping
            self.adopt_run(root, key, again=again)

    def adopt_run(self, root: Path, key: str, *, again: bool = False) -> None:
        other = Archive(root)
        if not self._keeps(other.get(key), again):
            run_folder.copy(other.folder(key), self.folder(key))

    def add_scores(self, key: str, scorer: str, steps: Mapping[Any, Mapping[str, float]], noise_floor: float) -> None:
        """See `run_folder.add_scores`."""
        run_folder.add_scores(self.folder(key), scorer, steps, noise_floor)

    def _keeps(self, result: Result, again: bool) -> bool:
        """Whether what is here is worth as much as the result, which is to take its place if it is done `again`."""
        if again and result.is_done:
            return False
        steps = [item.step for item in result.evaluations] if result.is_done else []
        if not self.done({result.key: steps}):
            return False
        try:
            return bool(run_folder.load(self.folder(result.key)).weights) or not result.weights
        except DataError:
            return False

    def done(self, wanted: Mapping[str, Collection[int]]) -> set[str]:
        """Of keys, each with the steps that must be scored, those whose run is here, done, and has them."""
        heads = self.heads(wanted)
        return {key for key, head in heads.items() if head.is_done(wanted[key])}

    def heads(self, keys: Collection[str]) -> dict[str, Head]:
        """How each of these runs ended; without those that are not here, or whose `run.json` is altered."""
        return RunHeads(self.runs, self.work / "heads.sqlite").read(keys)

    def get(self, key: str, *, scorer: str | None = None, weights: bool = True) -> Result:
        """One run.

        Raises:
            StoreError: there is none of that key.
            DataError: its files are missing or altered.
        """
        if not _KEY.fullmatch(key) or not self.folder(key).is_dir():
            raise StoreError(f"{self.root} has no run {key!r}; its report has the keys, --store names another")
        return run_folder.load(self.folder(key), scorer=scorer, weights=weights)

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """Of all runs, in alphabetical order."""
        try:
            names = (path.name for path in self.runs.glob(f"{prefix}*"))
            return tuple(sorted(name for name in names if _KEY.fullmatch(name)))
        except OSError as error:
            raise StoreError(f"cannot read {self.runs}: {error.strerror}") from error

    def tidy(self) -> None:
        """Undo what a killed writer left half done."""
        restore(self.runs)

    # --- studies ---

    def write_study(self, study: Study, members: Collection[Member], *, scorer: str) -> None:
        """Record what is asked, before anything of it is trained; replaces an earlier form of the study.

        Raises:
            StoreError: it cannot be written.
        """
        rows = [dataclasses.asdict(member) for member in members]
        self._write(self._study(study.name) / "study.json", {"study": study.as_dict(), "scorer": scorer, "runs": rows})

    def studies(self) -> tuple[str, ...]:
        """The names of the studies that were recorded, in alphabetical order."""
        self._refresh()
        return tuple(sorted(path.parent.name for path in (self.root / "studies").glob("*/study.json")))

    def study(self, name: str) -> Study:
        """A recorded study, without its runs."""
        return self._read_study(name)[0]

    def scorer(self, name: str) -> str:
        """By whom a recorded study's runs are scored."""
        return self._read_study(name)[2]

    def members(self, name: str) -> tuple[Member, ...]:
        """The runs that a recorded study consists of, whether they are here or not."""
        return self._read_study(name)[1]

    def read(
        self, name: str, *, scorer: str | None = None, only: Collection[str] | None = None, curves: bool = True
    ) -> StoredStudy:
        """A study with the results of its variants (`only` some), without weights, by `scorer` or the study's own.

        `curves=False` leaves out curves and samples too: then only the scores are read.

        Raises:
            StoreError: there is no such study.
        """
        study, members, own = self._read_study(name)
        chosen = own if scorer is None else scorer
        found = results_of(study, members, self.folder, scorer=chosen, only=only, curves=curves)
        return StoredStudy(
            study=study,
            results=tuple(found.results),
            scorer=chosen,
            unreadable=found.unreadable,
            digests=found.digests,
            noise_checks=read_checks(self.attachment(name, FILE)),
        )

    def attach(self, study: str, name: str, content: bytes) -> None:
        """Keep a file, such as `report.html`, beside a study. Raises `StoreError` where it cannot be written."""
        try:
            self._write_file(self._study(study) / name, content)
        except OSError as error:
            raise StoreError(f"cannot write into the archive {self.root}: {error.strerror}; make room") from error

    def attachment(self, study: str, name: str) -> bytes | None:
        path = self._study(study) / name
        return path.read_bytes() if path.is_file() else None

    # --- searches ---

    def write_search(self, name: str, tree: Mapping[str, Any]) -> None:
        """Keep a search and its trials as plain data. Raises `StoreError` where it cannot be written."""
        self._write(self.root / "searches" / f"{name}.json", tree)

    def searches(self) -> Iterator[dict[str, Any]]:
        """The searches that were kept, by name. Raises `StoreError` where one cannot be read."""
        self._refresh()
        for path in sorted((self.root / "searches").glob("*.json")):
            try:
                yield json.loads(path.read_bytes())
            except (OSError, ValueError) as error:
                raise StoreError(f"the record of the search {path} cannot be read ({error}); run it again") from error

    # --- the parts ---

    def _write_file(self, path: Path, content: bytes) -> None:
        """All or nothing."""
        write_whole(path, content)

    def _refresh(self) -> None:
        """Before a study or a search is read: an archive that is a copy looks for what is new."""

    def _study(self, name: str) -> Path:
        return self.root / "studies" / name

    def _read_study(self, name: str) -> tuple[Study, tuple[Member, ...], str]:
        self._refresh()
        path = self._study(name) / "study.json"
        if not path.is_file():
            raise no_study(self.location, name, self.studies())
        try:
            head = json.loads(path.read_bytes())
            members = tuple(Member(**row) for row in head["runs"])
            return Study.from_dict(head["study"]), members, str(head["scorer"])
        except (UserError, OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the record of the study {name!r} cannot be read ({error}); run it again") from error

    def _write(self, path: Path, tree: Mapping[str, Any]) -> None:
        try:
            self._write_file(path, json.dumps(tree, indent=1, ensure_ascii=False).encode())
        except OSError as error:
            raise StoreError(
                f"cannot write into the archive {self.root}: {error.strerror}; make room, or name another folder with "
                "--store"
            ) from error
