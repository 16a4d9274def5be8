"""Datasets: the right bytes or a clear error, never half a dataset."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablations.config.errors import ConfigError, DataError
from ablations.config.parts import DATASETS
from ablations.data import atomic_files as files
from ablations.data import data_folder, digits, load_dataset, mnist
from tests.ablations.small_mnist import NAMES, put, set_sources

# --- where the folder is ---


def test_the_option_comes_before_the_environment_which_comes_before_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABLATIONS_DATA", raising=False)
    assert data_folder().parts[-2:] == ("gan-ablations", "data")
    monkeypatch.setenv("ABLATIONS_DATA", "~/elsewhere")
    assert data_folder() == Path.home() / "elsewhere"
    assert data_folder(Path("here")) == Path("here")


def test_an_unknown_dataset_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'mnits'; did you mean 'mnist'\?"):
        load_dataset("mnits", folder=tmp_path)


def test_every_dataset_that_is_named_has_a_loader() -> None:
    assert all(callable(DATASETS[name].load()) for name in DATASETS)


# --- MNIST from files ---


@pytest.mark.parametrize("compressed", [(), NAMES, NAMES[:1]], ids=["plain", "all gz", "mixed"])
def test_files_in_the_folder_are_read_without_asking_any_source(
    small: dict[str, bytes], tmp_path: Path, compressed: tuple[str, ...]
) -> None:
    named = {
        (f"{k}.gz" if k in compressed else k): gzip.compress(v) if k in compressed else v for k, v in small.items()
    }
    put(tmp_path, named)
    dataset = load_dataset(folder=tmp_path)
    assert dataset.train_images.numpy().tobytes() == small[NAMES[0]][16:]
    assert dataset.test_images.numpy().tobytes() == small[NAMES[2]][16:]
    assert dataset.labels[0].tolist() == [n % 10 for n in range(30)]
    assert dataset.labels[1].tolist() == [n % 10 for n in range(20)]


def test_reading_leaves_no_trace_in_a_complete_folder(small: dict[str, bytes], tmp_path: Path) -> None:
    """So that a read-only folder, shared by many users, will do."""
    raw = put(tmp_path, small)
    load_dataset(folder=tmp_path)
    assert {path.name for path in raw.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_altered_bit_is_noticed(small: dict[str, bytes], tmp_path: Path, name: str) -> None:
    raw = put(tmp_path, small)
    altered = bytearray(small[name])
    altered[-1] ^= 1
    (raw / name).write_bytes(altered)
    with pytest.raises(DataError, match=r"truncated or altered.*delete it and run `ablations data` again") as caught:
        load_dataset(folder=tmp_path)
    assert str(raw / name) in str(caught.value)


@pytest.mark.parametrize("length", [0, 3, 16, 1000])
def test_a_truncated_file_is_noticed(small: dict[str, bytes], tmp_path: Path, length: int) -> None:
    raw = put(tmp_path, small)
    (raw / NAMES[0]).write_bytes(small[NAMES[0]][:length])
    with pytest.raises(DataError, match="train-images-idx3-ubyte is truncated or altered"):
        load_dataset(folder=tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda z: z[:-20], lambda z: b"", lambda z: b"no gzip", lambda z: z[:40] + b"???" + z[43:]]
)
def test_a_damaged_gz_file_is_noticed(small: dict[str, bytes], tmp_path: Path, damage: Any) -> None:
    raw = put(tmp_path, {name: small[name] for name in NAMES[1:]})
    (raw / f"{NAMES[0]}.gz").write_bytes(damage(gzip.compress(small[NAMES[0]])))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz is truncated or altered"):
        load_dataset(folder=tmp_path)


def test_a_file_that_cannot_be_read_is_named(
    small: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, small)
    monkeypatch.setattr(Path, "read_bytes", _raising(errno.EACCES))
    with pytest.raises(DataError, match=r"cannot read .*train-images-idx3-ubyte: Permission denied"):
        load_dataset(folder=tmp_path)


# --- a folder that cannot be written, processes that die or compete ---


def _raising(number: int) -> Any:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_names_the_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    monkeypatch.setattr(os, call, _raising(number))
    with pytest.raises(DataError) as caught:
        files.write_atomically(tmp_path / "name", b"data")
    assert str(tmp_path / "name") in str(caught.value)
    assert os.strerror(number) in str(caught.value)
    assert "ABLATIONS_DATA" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_an_error_about_the_folder(
    small: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_sources(monkeypatch, _raising(errno.ENOSPC))
    with pytest.raises(DataError, match=r"cannot write .*raw: No space left on device"):
        load_dataset(folder=tmp_path)


def test_a_folder_that_cannot_be_made_is_named(small: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write .*file.MNIST.raw.*Not a directory"):
        load_dataset(folder=tmp_path / "file")


def test_a_read_only_folder_is_named(small: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights do not bind the superuser, so the refusal is played."""
    monkeypatch.setattr(Path, "mkdir", _raising(errno.EROFS))
    with pytest.raises(DataError, match=r"cannot write .*raw: Read-only file system; .*ABLATIONS_DATA"):
        load_dataset(folder=tmp_path / "new")


def test_whoever_waits_too_long_for_the_folder_is_told(tmp_path: Path) -> None:
    with (
        files.exclusive(tmp_path),
        pytest.raises(DataError, match="another process has been fetching data into"),
        files.exclusive(tmp_path, timeout=0.1),
    ):
        pass


SCRIPT = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from tests.ablations.small_mnist import small_mnist
import hashlib
from ablations.data import load_dataset, mnist
folder, mode = Path(sys.argv[1]), sys.argv[2]
content = small_mnist()
mnist.FILES = {{name: hashlib.md5(data).hexdigest() for name, data in content.items()}}
def source(scratch):
    with (folder / "asked").open("a") as file:
        file.write("asked\\n")
    (scratch / "half").write_bytes(b"x")
    if mode == "hang":
        (folder / "hanging").touch()
        time.sleep(60)
    time.sleep(0.5)
    return content
mnist.SOURCES = {{"source": source}}
print(load_dataset(folder=folder).digest)
"""


def start(folder: Path, mode: str) -> subprocess.Popen[str]:
    here = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT.format(here=here)), str(folder), mode],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_at_once_fetch_once_and_after_one_is_killed_the_next_starts_afresh(
    small: dict[str, bytes], tmp_path: Path
) -> None:
    killed = start(tmp_path, "hang")
    while not (tmp_path / "hanging").exists():
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    raw = tmp_path / "MNIST" / "raw"
    assert list(raw.glob(".part-*/half")), "the killed process left a half-written download"
    assert not any((raw / name).exists() for name in NAMES)

    (tmp_path / "asked").unlink()
    both = [start(tmp_path, "fetch") for _ in range(2)]
    digests = {process.communicate(timeout=60)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert digests == {load_dataset(folder=tmp_path).digest}
    assert (tmp_path / "asked").read_text() == "asked\n"
    assert {path.name for path in raw.iterdir()} <= {*NAMES, ".lock"}


# --- digits ---


def test_digits_are_split_without_overlap_into_all_classes() -> None:
    dataset = load_dataset("digits")
    assert dataset.labels[1].bincount().tolist() == [50] * 10
    assert len(dataset.train_images) + len(dataset.test_images) == 1797
    assert dataset.labels[0].bincount().min() > 100
    assert dataset.digest == "b8fe547747b1ec9907e74bb8336937a655a0a9dd146d72c7c13660be3507af6f"


def test_enlarging_is_bicubic_interpolation() -> None:
    images = np.random.default_rng(0).integers(0, 17, (50, 8, 8)).astype(np.float64)
    exact = torch.nn.functional.interpolate(torch.from_numpy(images)[None], size=20, mode="bicubic")[0].numpy() / 16
    enlarged = digits.enlarge(images)
    assert np.abs(enlarged[:, 4:24, 4:24] - exact.clip(0, 1) * 255).max() <= 0.5 + 1e-9
    assert enlarged.sum(dtype=np.int64) == enlarged[:, 4:24, 4:24].sum(dtype=np.int64)
    assert digits.enlarge(np.full((1, 8, 8), 16.0))[0, 4:24, 4:24].min() == 255


# --- the real thing ---


def test_real_mnist_has_its_known_digest() -> None:
    raw = data_folder() / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in mnist.FILES):
        pytest.skip(f"MNIST is not in {raw}; `ablations data` fetches it")
    dataset = load_dataset()
    assert (len(dataset.train_images), len(dataset.test_images)) == (60_000, 10_000)
    assert dataset.digest == "ce3886e150f73eda1adc78acad47da4697dc8b759111ee0b6a878481ea6a4f10"
    assert dataset.labels[1][:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
