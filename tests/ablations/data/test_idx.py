"""IDX files of one's own and of MNIST's kin: read whole, or refused with the file's name."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablations.config.errors import DataError
from ablations.config.parts import DATASETS
from ablations.data import kin, load_dataset, sources
from ablations.data.idx import idx_files, parse
from ablations.data.sources import idx_bytes
from tests.ablations.data.orders import order

DRAW = np.random.default_rng(0)
IMAGES = {
    "train": DRAW.integers(0, 256, (30, 12, 10), dtype=np.uint8),
    "t10k": DRAW.integers(0, 256, (20, 12, 10), dtype=np.uint8),
}
LABELS = {"train": (np.arange(30) % 7).astype(np.uint8), "t10k": (np.arange(20) % 7).astype(np.uint8)}


def put(folder: Path, prefix: str = "", *, labels: bool = True, packed: bool = False, first: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split in IMAGES:
        content: Mapping[str, Any] = {f"{split}-images-idx3-ubyte": IMAGES[split]}
        if labels:
            content = {**content, f"{split}-labels-idx1-ubyte": LABELS[split] + np.uint8(first)}
        for name, array in content.items():
            data = idx_bytes(array)
            (folder / f"{prefix}{name}{'.gz' if packed else ''}").write_bytes(gzip.compress(data) if packed else data)
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_idx_files_is_a_dataset_with_or_without_labels(tmp_path: Path, packed: bool) -> None:
    told = load_dataset(str(put(tmp_path / "told", packed=packed)), folder=tmp_path / "data")
    assert told.shape.image == (1, 12, 10)
    assert told.shape.classes == 7
    assert np.array_equal(told.train_images[:, 0].numpy(), IMAGES["train"][order(30)])
    assert np.array_equal(told.labels[1].numpy(), LABELS["t10k"][order(20)])
    untold = load_dataset(str(put(tmp_path / "untold", packed=packed, labels=False)), folder=tmp_path / "data")
    assert untold.train_labels is None
    assert untold.shape.classes is None
    assert untold.digest != told.digest


def folder_of(name: str) -> Path:
    """Below the data folder, or that of a download."""
    return Path(DATASETS[name].files or "").parent


@pytest.mark.parametrize("name", kin.KIN)
def test_the_kin_of_mnist_are_read_from_the_data_folder(name: str, tmp_path: Path) -> None:
    facts = kin.KIN[name]
    prefix = "emnist-letters-" if name == "emnist-letters" else ""
    raw = put(tmp_path / folder_of(name), prefix, first=facts.first_label)
    if prefix:
        put(raw, "emnist-digits-")
    found = load_dataset(name, folder=tmp_path)
    assert found.name == name
    expected = torch.from_numpy(IMAGES["train"][order(30)])
    assert torch.equal(found.train_images[:, 0], expected.transpose(1, 2) if facts.transposed else expected)
    assert found.labels[0].min() == 0
    assert found.labels[0].max() == 6


@pytest.mark.parametrize("name", kin.KIN)
def test_the_kin_of_mnist_are_fetched_with_torchvision_and_kept(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, calls = kin.KIN[name], []

    def download(call: str, scratch: Path, seconds: float | None = None) -> None:
        calls.append(call)
        prefix = "emnist-letters-" if name == "emnist-letters" else ""
        put(scratch / folder_of(name), prefix, packed=True, first=facts.first_label)

    monkeypatch.setattr(sources, "torchvision_call", download)
    said: list[str] = []
    first = load_dataset(name, folder=tmp_path, notify=said.append)
    again = load_dataset(name, folder=tmp_path)
    assert calls == [facts.call]
    assert name in said[0]
    assert first.digest == again.digest
    torchvision = pytest.importorskip("torchvision.datasets")
    assert hasattr(torchvision, facts.call.partition("(")[0])


def test_what_cannot_be_fetched_says_where_the_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(call: str, scratch: Path, seconds: float | None = None) -> None:
        raise sources.SourceError("no route to host")

    monkeypatch.setattr(sources, "torchvision_call", unreachable)
    with pytest.raises(DataError, match="no route to host") as found:
        load_dataset("kmnist", folder=tmp_path)
    assert str(tmp_path / "KMNIST" / "raw") in str(found.value)
    assert not [*(tmp_path / "KMNIST" / "raw").glob(".part-*")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no IDX file"),
        (b"\x89PNG\r\n", "no IDX file"),
        (b"\0\0\x08\x03\0\0", "within its head"),
        (idx_bytes(IMAGES["train"])[:-1], "truncated"),
        (idx_bytes(IMAGES["train"]) + b"x", "altered"),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(content: bytes, says: str, tmp_path: Path) -> None:
    folder = put(tmp_path / "own")
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as found:
        load_dataset(str(folder), folder=tmp_path)
    assert str(path) in str(found.value)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    folder = put(tmp_path / "own")
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS["train"]))
    with pytest.raises(DataError, match="do not fit"):
        load_dataset(str(folder), folder=tmp_path)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="one split only"):
        load_dataset(str(folder), folder=tmp_path)
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(DataError, match="no test images"):
        load_dataset(str(folder), folder=tmp_path)
    put(tmp_path / "two")
    put(tmp_path / "two", "other-")
    with pytest.raises(DataError, match="two files"):
        idx_files(tmp_path / "two")


def test_what_was_written_is_read_back() -> None:
    for array in (IMAGES["train"], LABELS["train"], DRAW.integers(0, 256, (4, 3, 5, 6), dtype=np.uint8)):
        assert np.array_equal(parse(idx_bytes(array), "it"), array)


def test_every_dataset_says_what_it_is() -> None:
    assert all(DATASETS[name].title for name in DATASETS)
