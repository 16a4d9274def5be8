"""MNIST's files from another dataset, for benchmarks and tests that must not download: see `--quick`."""

from __future__ import annotations

from pathlib import Path

from ablations.data import Dataset, data_folder, load_dataset
from ablations.data.mnist import FILES
from ablations.data.sources import idx_bytes


def write_mnist_files(dataset: Dataset, folder: Path) -> None:
    """Write any dataset as the four files in which torchvision looks for MNIST."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    train_labels, test_labels = dataset.labels
    arrays = (dataset.train_images.squeeze(1), train_labels, dataset.test_images.squeeze(1), test_labels)
    for name, values in zip(FILES, arrays, strict=True):
        (raw / name).write_bytes(idx_bytes(values.numpy().astype("uint8")))


def training_data(quick: bool, scratch: Path) -> tuple[Dataset, Path]:
    """What both sides of a race train on, and the folder where torchvision finds it.

    MNIST, fetched where it is missing; `quick`: scikit-learn's digits, written to `scratch`.
    """
    if not quick:
        return load_dataset("mnist"), data_folder()
    digits = load_dataset("digits")
    write_mnist_files(digits, scratch)
    return digits, scratch
