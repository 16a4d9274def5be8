"""Looks over an installation: packages, device, data, extractors, disk, store. Each check is a line with a way out."""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ablations.config.errors import UserError
from ablations.config.paths import with_home
from ablations.execution.environment import environment

NEEDED_BYTES = 2 << 30
"""Free space below which a study may not fit beside its checkpoints."""
_PACKAGES = ("torch", "torchvision", "mlflow", "optuna", "numpy", "scipy", "pandas", "safetensors", "scikit-learn")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    says: str
    """What was found, or what is wrong and what to do."""


def examine(store: str, data_folder: Path | None = None, dataset: str = "mnist") -> Iterator[Check]:
    """Every check in turn. None of them writes anything that stays, and none fetches data or makes a store."""
    yield _check("packages", _packages)
    yield _check("device", _device)
    yield _check("bits", lambda: _bits(Path("reports/published")))
    yield _check("extractors", lambda: _extractors(dataset, data_folder))
    yield _check("data", lambda: _data(dataset, data_folder))
    yield _check("disk", lambda: _disk(store))
    yield _check("store", lambda: _store(store))


def facts() -> dict[str, str]:
    """The provenance that every run carries, as it would be recorded now."""
    import torch

    return environment("cuda" if torch.cuda.is_available() else "cpu")


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, says=look())
    except UserError as error:
        return Check(name=name, ok=False, says=str(error))
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, and the others still run
        return Check(name=name, ok=False, says=f"{type(error).__name__}: {error}")


def _packages() -> str:
    versions, missing = {}, []
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise UserError(
            f"missing: {', '.join(missing)}; install the project again: pip install -e . -c constraints.txt"
        )
    return ", ".join(f"{name} {versions[name]}" for name in _PACKAGES[:4])


def _device() -> str:
    import torch

    from ablations.config import Engine
    from ablations.training.engine import default_workers

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} CUDA device(s): {torch.cuda.get_device_name(0)}"
    return f"no CUDA device; {default_workers(Engine())} processor core(s), so as many workers by default"


def _bits(pages: Path) -> str:
    """To which instruction sets, and to which published runs, this machine can be held."""
    from ablations.catalog.published_bits import read_rows
    from ablations.training.instruction_set import INSTRUCTION_SETS, default_instruction_set, lacking
    from ablations.training.numerics import NUMERICS

    able = [name for name in INSTRUCTION_SETS if not lacking(name)]
    says = f"--isa {default_instruction_set()} by default, of {', '.join(able)}"
    rows = read_rows([pages]) if pages.is_dir() else []
    if not rows:
        return f"{says}; no published runs here to be held to"
    held = sum(row.isa in able and row.numerics == NUMERICS for row in rows)
    return f"{says}; can be held to {held} of {len(rows)} published runs (ablations verify --published)"


def _extractors(dataset: str, folder: Path | None) -> str:
    from ablations.scoring.panel import panel_of

    panel = panel_of(dataset, folder)
    return f"weights {panel.digest[:12]} of {' and '.join(one.name for one in panel.extractors)} are whole"


def _data(name: str, folder: Path | None) -> str:
    from ablations.config.parts import DATASETS
    from ablations.data import data_folder, files_of, load_dataset

    place = data_folder(folder)
    if name in DATASETS and DATASETS[name].files and files_of(name, folder) is None:
        raise UserError(f"{name} is not in {place} yet, or not all of it; fetch it with: ablations data {name}")
    found = load_dataset(name, folder=folder)
    return (
        f"{found.name} in {place}: {len(found.train_images):,} + {len(found.test_images):,} images, {found.digest[:12]}"
    )


def _disk(store: str) -> str:
    place = _existing(Path.cwd() if "://" in store else with_home(store).absolute())
    with tempfile.NamedTemporaryFile(dir=place):
        pass
    free = shutil.disk_usage(place).free
    if free < NEEDED_BYTES:
        raise UserError(f"only {free / 2**30:.1f} GiB free at {place}; make room, or put --store elsewhere")
    return f"{free / 2**30:.0f} GiB free at {place}, which can be written"


def _store(location: str) -> str:
    from ablations.store import Archive
    from ablations.store.reading import is_there

    if not is_there(location):
        return f"{location} does not exist yet; the first run makes it"
    archive = Archive.open(location)
    studies = archive.studies()
    return (
        f"{archive.location} holds {len(archive.keys())} runs of {len(studies)} "
        f"stud{'y' if len(studies) == 1 else 'ies'}: {', '.join(studies) or 'none'}"
    )


def _existing(path: Path) -> Path:
    return path if path.is_dir() else _existing(path.parent)
