"""The form of a run on disk: one folder, written whole.

`run.json` says what was trained and what became of it, with the SHA-256 of each file and of itself;
`curves.safetensors` holds the curves and the sample grids, `weights.safetensors` both networks at the last step,
`snapshots.safetensors` G at the scored steps; `scores/NAME.json` what one scorer measured. Later scorers add files of
their own; nothing else changes. A record (see `records`) has no weights and shorter curves, and says so in `run.json`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ablations.catalog.quantities import DISCRIMINATOR_METRICS
from ablations.config import Run
from ablations.config.errors import DataError, UserError
from ablations.config.overrides import plain
from ablations.store.disk import file_digest, whole_folder, write_whole
from ablations.store.result import STATUSES, Array, Evaluation, Result
from ablations.store.sealed import opened, sealed

HEAD = "run.json"
_CURVES, _WEIGHTS, _SNAPSHOTS = "curves.safetensors", "weights.safetensors", "snapshots.safetensors"
_RECORD = "record"
_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError, UserError)


def save(result: Result, folder: Path) -> None:
    """Write the result as `folder`, all or nothing. A `folder` that exists is replaced.

    Raises:
        DataError: the disk is full, or the folder cannot be written.
    """
    snapshots = {f"{step}.{name}": v for step, values in result.snapshots.items() for name, v in values.items()}
    contents = {_CURVES: _pictured(result), _WEIGHTS: result.weights, _SNAPSHOTS: snapshots}
    _save(result, folder, contents, {"digests": result.digests})


def save_record(result: Result, folder: Path, *, stride: int, digests: Mapping[str, str]) -> None:
    """Write a result without weights, whose curves are means over `stride` steps; `digests` are those of the run.

    Raises:
        DataError: the disk is full, or the folder cannot be written.
    """
    _save(result, folder, {_CURVES: _pictured(result)}, {"digests": dict(digests), _RECORD: {"stride": stride}})


def is_record(folder: Path) -> bool:
    """Whether what stands there is a run without its weights. Raises `OSError`, or `ValueError` for an altered file."""
    return _RECORD in read_head(folder)


def _pictured(result: Result) -> dict[str, Array]:
    arrays = {f"curves.{name}": values for name, values in result.curves.items()}
    return arrays | {f"samples.{step}": images for step, images in result.samples.items()}


def _save(result: Result, folder: Path, contents: Mapping[str, Mapping[str, Array]], stated: Mapping[str, Any]) -> None:
    try:
        with whole_folder(folder) as part:
            for name, content in contents.items():
                save_file({key: np.asarray(values, order="C") for key, values in content.items()}, part / name)
            files = {name: file_digest(part / name) for name in contents}
            (part / HEAD).write_bytes(sealed({**_head(result), **stated, "files": files}))
            if result.scorer:
                (part / "scores").mkdir()
                _scores_file(part, result.scorer).write_bytes(_scores(result))
            for name in contents:  # safetensors lets nobody else read what it writes
                (part / name).chmod((part / HEAD).stat().st_mode)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot write the result {folder}: {error}; make room or move --store") from error


def copy(source: Path, folder: Path) -> None:
    """Put a run's folder, as it is, in the place of `folder`, all or nothing.

    Raises:
        DataError: the disk is full, or the folder cannot be written.
    """
    try:
        with whole_folder(folder) as part:
            shutil.copytree(source, part, dirs_exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write the result {folder}: {error}; make room or move --store") from error


def load(
    folder: Path,
    *,
    scorer: str | None = None,
    weights: bool = True,
    curves: bool = True,
    head: dict[str, Any] | None = None,
) -> Result:
    """Read a run's folder and check it, with the scores of `scorer`, or of the one it was first scored by.

    `weights=False` leaves out weights and snapshots, which are most of the bytes, `curves=False` curves and samples,
    which are most of the rest; `head` is what `read_head` gave. Where that scorer has not scored the run, the result
    says so: `scorer` is empty.

    Raises:
        DataError: a file that is missing, truncated or altered.
    """
    try:
        head = read_head(folder) if head is None else head
        if head["key"] != folder.name:
            raise ValueError(f"{HEAD} is that of the run {head['key']}")
        if head["status"] not in STATUSES:
            raise ValueError(f"{HEAD} states no known status: {head['status']!r}")
        arrays = _read(folder, _CURVES, head) if curves else {}
        stride = head[_RECORD]["stride"] if _RECORD in head else 1
        weights = weights and _RECORD not in head
        name = head["scorer"] if scorer is None else scorer
        scores = read_scores(folder, name) if name else None
        found = {} if scores is None else {int(step): values for step, values in scores["steps"].items()}
        return Result(
            study=head["study"],
            run=Run.from_dict(head["run"]),
            status=head["status"],
            reason=head["reason"],
            last_step=head["last_step"],
            curves={
                k.removeprefix("curves."): v if stride == 1 else np.repeat(v, stride)[: head["last_step"]]
                for k, v in arrays.items()
                if k.startswith("curves.")
            },
            evaluations=tuple(_evaluation(item, found.get(item["step"], {})) for item in head["evaluations"]),
            scorer="" if scores is None else scores["scorer"],
            noise_floor=math.nan if scores is None else _number(scores["noise_floor"]),
            samples={int(k.removeprefix("samples.")): v for k, v in arrays.items() if k.startswith("samples.")},
            weights=_read(folder, _WEIGHTS, head) if weights else {},
            snapshots=snapshots_of(folder) if weights else {},
            train_seconds=head["train_seconds"],
            evaluation_seconds=head["evaluation_seconds"],
            environment=head["environment"],
            notes=head["notes"],
        )
    except _BROKEN as error:
        raise _damaged(folder, error) from error


def read_head(folder: Path) -> dict[str, Any]:
    """`run.json`. Raises `OSError`, or `ValueError` for an altered file."""
    return opened(folder / HEAD)


def readable_head(folder: Path) -> dict[str, Any]:
    """`run.json`, with the digests of the weights, the curves and the first scores as the run was written.

    Raises:
        DataError: it is missing, altered or without them.
    """
    try:
        head = read_head(folder)
        if not isinstance(head["digests"], dict):
            raise TypeError("the digests are no mapping")
        return head
    except _BROKEN as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> DataError:
    return DataError(
        f"not a readable run: {folder} ({type(error).__name__}: {error}); `ablations run` with --fresh trains it again"
    )


def fingerprint(folder: Path, scorer: str) -> str:
    """Tells one record of a run from another: two attempts that failed, or scores by `scorer` given later.

    Empty where there is no run.
    """
    try:
        sha = hashlib.sha256((folder / HEAD).read_bytes())
    except OSError:
        return ""
    with contextlib.suppress(OSError):
        sha.update(_scores_file(folder, scorer).read_bytes())
    return sha.hexdigest()


def snapshots_of(folder: Path) -> dict[int, dict[str, Array]]:
    """G's weights at the scored steps. Raises what `load` turns into a `DataError`."""
    found: dict[int, dict[str, Array]] = {}
    for name, values in _read(folder, _SNAPSHOTS, read_head(folder)).items():
        step, _, key = name.partition(".")
        found.setdefault(int(step), {})[key] = values
    return found


def add_scores(folder: Path, scorer: str, steps: Mapping[Any, Mapping[str, float]], noise_floor: float) -> None:
    """Add what another scorer measured of a stored run, all or nothing; its earlier scores are replaced.

    Raises:
        DataError: the file cannot be written.
    """
    tree = {"scorer": scorer, "noise_floor": noise_floor, "steps": {str(k): dict(v) for k, v in steps.items()}}
    try:
        write_whole(_scores_file(folder, scorer), sealed(tree))
    except OSError as error:
        raise DataError(f"cannot write scores into {folder}: {error.strerror}; make room or move --store") from error


def read_scores(folder: Path, scorer: str) -> dict[str, Any] | None:
    """What a scorer measured of a run; None where it did not. Raises `ValueError` for an altered file."""
    try:
        tree = opened(_scores_file(folder, scorer))
    except FileNotFoundError:
        return None
    if tree["scorer"] != scorer:
        raise ValueError(f"the scores of {scorer} are marked as those of {tree['scorer']}")
    return tree


def scorers_of(folder: Path) -> tuple[str, ...]:
    """Who has scored a run."""
    return tuple(sorted(path.stem for path in (folder / "scores").glob("*.json")))


def _scores_file(folder: Path, scorer: str) -> Path:
    return folder / "scores" / f"{scorer}.json"


def _head(result: Result) -> dict[str, Any]:
    return {
        "key": result.key,
        "study": result.study,
        "run": plain(result.run),
        "status": result.status,
        "reason": result.reason,
        "last_step": result.last_step,
        "scorer": result.scorer,
        "evaluations": [
            dataclasses.asdict(item) | {"metrics": _kept(item.metrics, of_discriminator=True)}
            for item in result.evaluations
        ],
        "snapshots": sorted(result.snapshots),
        "train_seconds": result.train_seconds,
        "evaluation_seconds": result.evaluation_seconds,
        "environment": dict(result.environment),
        "notes": dict(result.notes),
    }


def _scores(result: Result) -> bytes:
    steps = {str(item.step): _kept(item.metrics, of_discriminator=False) for item in result.evaluations}
    return sealed({"scorer": result.scorer, "noise_floor": result.noise_floor, "steps": steps})


def _kept(metrics: Mapping[str, float], *, of_discriminator: bool) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if (name in DISCRIMINATOR_METRICS) is of_discriminator}


def _evaluation(item: Mapping[str, Any], scores: Mapping[str, Any]) -> Evaluation:
    metrics = {name: _number(value) for name, value in {**scores, **item["metrics"]}.items()}
    return Evaluation(step=item["step"], train_seconds=item["train_seconds"], metrics=metrics)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _read(folder: Path, name: str, head: Mapping[str, Any]) -> dict[str, Array]:
    if file_digest(folder / name) != head["files"][name]:
        raise ValueError(f"{name} does not have the SHA-256 that {HEAD} states")
    return load_file(folder / name)
