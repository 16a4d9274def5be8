"""The kin of MNIST: IDX files in torchvision's layout of folders, or torchvision's own download of them.

Fashion-MNIST (Xiao et al. 2017), Kuzushiji-MNIST (Clanuwat et al. 2018), and the letters of EMNIST (Cohen et al. 2017).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.config.errors import DataError
from ablations.config.parts import DATASETS
from ablations.data import files_of, sources
from ablations.data.atomic_files import PART, exclusive, unwritable, write_atomically
from ablations.data.dataset import Dataset, Notify
from ablations.data.idx import idx_dataset, idx_files


@dataclass(frozen=True, kw_only=True)
class Kin:
    """What torchvision calls it, and how its files are read; where they lie, `config.parts.DATASETS` says."""

    call: str
    """Of torchvision.datasets; `root` is where it goes."""
    first_label: int = 0
    transposed: bool = False
    """Its files have columns for rows."""
    seconds: int = 300
    """That its download may take."""


KIN: Mapping[str, Kin] = {
    "fashion-mnist": Kin(call="FashionMNIST(root, download=True)"),
    "kmnist": Kin(call="KMNIST(root, download=True)"),
    "emnist-letters": Kin(
        call="EMNIST(root, split='letters', download=True)",
        first_label=1,
        transposed=True,
        seconds=1_800,
    ),
}


def load_fashion_mnist(folder: Path, notify: Notify) -> Dataset:
    """60,000 + 10,000 pictures of clothes, 28x28, ten classes."""
    return _load("fashion-mnist", folder, notify)


def load_kmnist(folder: Path, notify: Notify) -> Dataset:
    """60,000 + 10,000 cursive Japanese letters, 28x28, ten classes."""
    return _load("kmnist", folder, notify)


def load_emnist_letters(folder: Path, notify: Notify) -> Dataset:
    """124,800 + 20,800 Latin letters, 28x28, 26 classes, both cases in one."""
    return _load("emnist-letters", folder, notify)


def _load(name: str, folder: Path, notify: Notify) -> Dataset:
    """The files in the data folder, after torchvision's download where they are not all there."""
    kin, files = KIN[name], Path(DATASETS[name].files or "")
    raw = folder / files.parent
    if files_of(name, folder) is None:
        with exclusive(raw):
            # Another process may have fetched them while this one waited.
            if files_of(name, folder) is None:
                _fetch(name, files, raw, notify)
    return idx_dataset(raw, name, pattern=files.name, first_label=kin.first_label, transposed=kin.transposed)


def _fetch(name: str, files: Path, raw: Path, notify: Notify) -> None:
    """The caller holds the folder alone."""
    for leftover in raw.glob(f"{PART}*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    notify(f"fetching {name}: torchvision's download")
    try:
        with tempfile.TemporaryDirectory(prefix=PART, dir=raw) as scratch:
            sources.torchvision_call(KIN[name].call, Path(scratch), KIN[name].seconds)
            unpacked = idx_files(Path(scratch) / files.parent, files.name)
            for path in unpacked.values():
                write_atomically(raw / path.name, path.read_bytes())
    except sources.SourceError as error:
        raise DataError(
            f"{name} is not in {raw} and could not be fetched (torchvision's download: {error}). Put its four IDX "
            f"files {files.name} (plain or .gz) into {raw}, or work without any network on the dataset 'digits'"
        ) from error
    except OSError as error:
        raise unwritable(raw, error) from error
