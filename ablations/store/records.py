"""Finished runs without their weights, small enough for a repository: what reports read of them, and nothing else.

    runs/KEY.tar.xz    a run's folder: its curves as means over some steps each, the last pictures, one scorer's scores
    studies/NAME/      the record of a study, as the archive has it

Records are written from an archive and read into one, whose runs they then are: done, but with no weights to draw from
or to score anew. What they say of a run's bits is what was written when it was trained.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ablations.catalog.published_bits import CURVES_UP_TO, curve_digests
from ablations.config import Engine
from ablations.config.errors import DataError, StoreError, UserError
from ablations.store import parcel, run_folder
from ablations.store.archive import Archive
from ablations.store.disk import write_whole
from ablations.store.noise_check import FILE as NOISE_CHECKS
from ablations.store.result import Array, Result

POINTS = 500
"""Of a curve, at least, where the run has as many steps."""
NO_WEIGHTS = "a published record, kept without its weights"
"""What a run is of which a record alone is here, in a sentence."""
_END = ".tar.xz"
_KEPT = ("study.json", NOISE_CHECKS)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a folder of records has, and what changed in it."""

    runs: int
    new: int
    removed: int
    size: int
    """Bytes of all runs."""


def stride_of(steps: int) -> int:
    """Over how many steps each point of a record's curve is the mean: the largest of 1, 2, 5, 10, 20, ... that leaves
    `POINTS` points.
    """
    strides = [digit * 10**power for power in range(10) for digit in (1, 2, 5)]
    return max((stride for stride in strides if steps >= stride * POINTS), default=1)


def lost(folder: Path, members: Mapping[str, Collection[str]]) -> list[str]:
    """The runs of a folder of records that none of its studies has any more once these studies have these runs.

    Raises:
        StoreError: the record of a study cannot be read.
    """
    recorded = Archive(folder)
    others = [name for name in recorded.studies() if name not in members]
    needed = {key for keys in members.values() for key in keys}
    needed.update(member.key for name in others for member in recorded.members(name))
    return sorted(set(_keys(folder)) - needed)


def check_kept(folder: Path, members: Mapping[str, Collection[str]], replace: bool) -> list[str]:
    """What is `lost`, where that was asked for.

    Raises:
        StoreError: it was not, and something would be.
    """
    gone = lost(folder, members)
    if gone and not replace:
        raise StoreError(
            f"{len(gone):,} of the {len(_keys(folder)):,} runs in {folder} are not among those asked for now and would "
            "go: --replace lets them go, another --out leaves them"
        )
    return gone


def write_records(archive: Archive, studies: Iterable[str], folder: Path, *, replace: bool = False) -> Written:
    """Make `folder` hold the records of these studies, and of their runs that are done. What it has of other studies
    stays; what none has any more goes, where `replace` says so.

    Raises:
        StoreError: a study that the archive does not have, or what `check_kept` raises.
        DataError: a damaged run, or a folder that cannot be written.
    """
    runs, had = folder / "runs", set(_keys(folder))
    scorers: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for name in studies:
        keys = [member.key for member in archive.members(name)]
        done = archive.done(dict.fromkeys(keys, ()))
        members[name] = [key for key in keys if key in done]
        scorers |= dict.fromkeys(members[name], archive.scorer(name))
    gone = check_kept(folder, members, replace)
    try:
        for name in members:
            for file in _KEPT:
                if (content := archive.attachment(name, file)) is not None:
                    write_whole(folder / "studies" / name / file, content)
        for key, scorer in scorers.items():
            path, packed = runs / f"{key}{_END}", _packed(archive, key, scorer)
            if not path.is_file() or path.read_bytes() != packed:
                write_whole(path, packed)
        for key in gone:
            (runs / f"{key}{_END}").unlink()
    except OSError as error:
        raise DataError(f"cannot write records into {folder}: {error.strerror or error}; make room") from error
    now = _keys(folder)
    size = sum((runs / f"{key}{_END}").stat().st_size for key in now)
    return Written(runs=len(now), new=len(scorers.keys() - had), removed=len(gone), size=size)


def read_records(
    folder: Path, archive: Archive, *, scorer_of: Callable[[str], str | None] = lambda dataset: None
) -> int:
    """Bring runs that the archive lacks, and studies that it does not know, from a folder of records; how many runs.
    A study that it does know takes up the recorded runs in the place of its own that are not done.

    `scorer_of` names who must have scored the runs on a dataset, since without weights none can be scored anew; None:
    anybody.

    Raises:
        StoreError: the record of a study cannot be read.
        DataError: a record that is damaged, or an archive that cannot be written.
    """
    wanted = dict.fromkeys(_keys(folder), ())
    missing = wanted.keys() - archive.done(wanted)
    with tempfile.TemporaryDirectory(prefix="ablations-records-") as name:
        brought = Archive.open(name)
        for key in sorted(missing):
            path = folder / "runs" / f"{key}{_END}"
            try:
                parcel.unpack(lzma.decompress(path.read_bytes()), brought.folder(key))
                own = run_folder.scorers_of(brought.folder(key))
                dataset = run_folder.load(brought.folder(key), weights=False).run.dataset
            except (OSError, lzma.LZMAError, tarfile.TarError, UserError) as error:
                raise DataError(f"{path} is no record of a run: {error}; take it from the repository again") from error
            scorer = scorer_of(dataset)
            if scorer is None or scorer in own:
                archive.adopt_run(brought.root, key)
        came = len(missing & archive.done(wanted))
    recorded, known = Archive(folder), archive.studies()
    for name in recorded.studies():
        if name in known:
            _take_up(recorded, archive, name)
        for file in _KEPT:
            content = recorded.attachment(name, file)
            if content is not None and archive.attachment(name, file) is None:
                archive.attach(name, file, content)
    return came


def _take_up(recorded: Archive, archive: Archive, name: str) -> None:
    """Into a study that the archive has: recorded runs of its variants as they are, where its own are not done."""
    study, theirs = archive.study(name), recorded.study(name)
    if archive.scorer(name) != recorded.scorer(name):
        return
    own, found = ({(item.variant, item.seed): item for item in place.members(name)} for place in (archive, recorded))
    done = archive.done({item.key: () for item in (*own.values(), *found.values())})
    alike = [variant.name for variant in study.variants if variant in theirs.variants]
    taken = {
        pair: item
        for pair, item in found.items()
        if item.variant in alike and item.key in done and (pair not in own or own[pair].key not in done)
    }
    if taken:
        places = {variant.name: place for place, variant in enumerate(study.variants)}
        members = sorted((own | taken).values(), key=lambda item: (places[item.variant], item.seed))
        seeds = max(study.seeds, theirs.seeds)
        archive.write_study(replace(study, seeds=seeds), members, scorer=archive.scorer(name))


def trained_as(archive: Archive) -> tuple[tuple[Engine, int], ...]:
    """Engines and widths of the stacks in which an archive's finished runs were trained, the commonest first."""
    done = archive.done(dict.fromkeys(archive.keys(), ()))
    runs = (run_folder.readable_head(archive.folder(key))["run"] for key in sorted(done))
    return tuple(found for found, _ in Counter((Engine(**run["engine"]), run["width"]) for run in runs).most_common())


def _keys(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(_END) for path in folder.glob(f"runs/*{_END}"))


def _packed(archive: Archive, key: str, scorer: str) -> bytes:
    """The same bytes whenever they are made."""
    with tempfile.TemporaryDirectory(prefix="ablations-record-") as name:
        folder = Path(name) / key
        if run_folder.is_record(archive.folder(key)):
            run_folder.copy(archive.folder(key), folder)
        else:
            result = archive.get(key, scorer=scorer, weights=False)
            digests = dict(run_folder.readable_head(archive.folder(key))["digests"])
            digests[CURVES_UP_TO] = curve_digests(result.curves, result.last_step)
            stride = stride_of(result.last_step)
            run_folder.save_record(_thinned(result, stride), folder, stride=stride, digests=digests)
        return lzma.compress(_tar(folder), preset=6)


def _thinned(result: Result, stride: int) -> Result:
    last = max(result.samples, default=0)
    said = {name: value for name, value in result.environment.items() if name != "command"}  # with somebody's folders
    return replace(
        result,
        curves={name: _means(values, stride) for name, values in result.curves.items()},
        environment=said,
        samples={step: images for step, images in result.samples.items() if step == last},
    )


def _means(curve: Array, stride: int) -> Array:
    """Of every `stride` steps, and of those left over at the end."""
    starts = np.arange(0, len(curve), stride)
    if not len(starts):
        return curve
    counts = np.diff([*starts, len(curve)])
    means: Array = np.add.reduceat(curve.astype(np.float64), starts) / counts
    return means.astype(curve.dtype)


def _tar(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        for path in sorted(item for item in folder.rglob("*") if item.is_file()):
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            content = path.read_bytes()
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
