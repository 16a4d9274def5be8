"""NumPy files: every form of images, ranges found and stated, and refusals that say what was expected."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ablations.config.errors import DataError
from ablations.scoring.samples import RANGES, read_array, read_labels

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
UNIT = IMAGES.astype(np.float32) / 255


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Any], Path]:
    def save(array: Any) -> Path:
        path = tmp_path / "samples.npy"
        np.save(path, array, allow_pickle=True)
        return path

    return save


@pytest.mark.parametrize("shape", [(-1, 28, 28), (-1, 1, 28, 28), (-1, 28, 28, 1), (-1, 784)])
def test_images_come_in_four_shapes(shape: tuple[int, ...], saved: Callable[[Any], Path]) -> None:
    samples = read_array(saved(IMAGES.reshape(shape)))
    assert torch.equal(samples.images, torch.from_numpy(IMAGES))
    assert samples.pixels == "uint8, 0..255"
    assert samples.labels is None


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("stated", [True, False])
def test_floats_become_0_to_1_whatever_their_range(
    name: str, kind: type, stated: bool, saved: Callable[[Any], Path]
) -> None:
    black, white = RANGES[name]
    array: np.ndarray = (UNIT.astype(np.float64) * (white - black) + black).astype(kind)
    samples = read_array(saved(array), value_range=name if stated else None)
    assert samples.images.dtype == torch.float32
    np.testing.assert_allclose(samples.images, UNIT, atol=1e-3 if kind == np.float16 else 1e-6)
    assert ("as stated" if stated else "detected") in samples.pixels
    assert name in samples.pixels


def test_a_stated_range_wins_over_what_would_be_detected(saved: Callable[[Any], Path]) -> None:
    assert read_array(saved(UNIT), value_range="-1..1").images.min() >= 0.5
    binary = read_array(saved((UNIT > 0.5).astype(np.uint8)), value_range="0..1")
    assert binary.images.unique().tolist() == [0, 1]


def test_an_archive_holds_images_and_perhaps_labels(tmp_path: Path) -> None:
    labels = np.arange(12) % 10
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "samples.npz", drawn=IMAGES, labels=labels)
        samples = read_array(tmp_path / "samples.npz")
        assert torch.equal(samples.images, torch.from_numpy(IMAGES))
        assert samples.labels is not None
        assert samples.labels.tolist() == labels.tolist()
        assert "drawn" in samples.source


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f4"])
def test_memory_layout_means_nothing(order: Any, kind: str, saved: Callable[[Any], Path]) -> None:
    samples = read_array(saved(np.array(UNIT, dtype=kind, order=order)))
    np.testing.assert_allclose(samples.images, UNIT, atol=1e-7)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (IMAGES[:, :27], ["(12, 27, 28)", "(n, 28, 28)"]),
        (IMAGES[0], ["(28, 28)", "(n, 28, 28)"]),
        (np.zeros((2, 3, 28, 28), np.uint8), ["(2, 3, 28, 28)"]),
        (np.float32(3), ["()"]),
        (IMAGES[:0], ["no images"]),
        (IMAGES.astype(np.int64), ["int64", "uint8"]),
        (IMAGES > 3, ["bool"]),
        (IMAGES.astype(complex), ["complex128"]),
        (IMAGES.astype("U3"), ["<U3"]),
        (IMAGES // 200, ["uint8", "--range"]),
        (UNIT * 1.2, ["1.2", "0..1", "--range"]),
        (UNIT - 0.5, None),
        (UNIT * 3 - 2, ["-2", "--range"]),
        (UNIT * 300, ["300"]),
        (np.where(np.arange(12)[:, None, None] < 2, np.nan, UNIT), ["2 of 12", "not finite"]),
        (np.where(UNIT > 0.5, np.inf, UNIT), ["not finite"]),
    ],
)
def test_what_is_no_image_is_refused_with_what_was_expected(
    array: Any, words: list[str] | None, saved: Callable[[Any], Path]
) -> None:
    if words is None:
        assert "-1..1" in read_array(saved(array)).pixels
        return
    with pytest.raises(DataError) as refusal:
        read_array(saved(array))
    assert all(word in str(refusal.value) for word in ("samples.npy", *words))


def test_values_outside_the_stated_range_are_refused(saved: Callable[[Any], Path]) -> None:
    with pytest.raises(DataError, match=r"from 0 to 255; expected 0..1 as --range states"):
        read_array(saved(IMAGES), value_range="0..1")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": IMAGES, "b": IMAGES}, "a, b"),
        ({"labels": np.arange(3)}, "none"),
        ({"a": IMAGES, "labels": np.arange(5)}, "5 labels for 12 images"),
        ({"a": IMAGES, "labels": np.full(12, 10)}, "from 10 to 10; expected 0 to 9"),
        ({"a": IMAGES, "labels": np.full(12, -1)}, "from -1"),
        ({"a": IMAGES, "labels": np.zeros(12)}, "float64"),
        ({"a": IMAGES, "labels": np.zeros((12, 10), int)}, r"\(12, 10\)"),
    ],
)
def test_archives_that_do_not_fit_are_refused(arrays: dict[str, Any], words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "samples.npz", **arrays)
    with pytest.raises(DataError, match=words):
        read_array(tmp_path / "samples.npz")


def test_labels_of_a_file_of_their_own(saved: Callable[[Any], Path]) -> None:
    assert read_labels(saved(np.array([3, 1], np.uint8)), 2).tolist() == [3, 1]
    with pytest.raises(DataError, match="2 labels for 3 images"):
        read_labels(saved(np.array([3, 1])), 3)


# --- hostile files ---


class Trap:
    """Unpickling one of these is an error of the test."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was loaded",)


def test_no_pickle_is_ever_loaded(tmp_path: Path, saved: Callable[[Any], Path]) -> None:
    with pytest.raises(DataError, match="allow_pickle"):
        read_array(saved(np.array([Trap()], dtype=object)))
    for name in ("samples.npy", "samples.npz"):
        (tmp_path / name).write_bytes(pickle.dumps(Trap()))
        with pytest.raises(DataError, match="cannot read"):
            read_array(tmp_path / name)
    np.savez(tmp_path / "samples.npz", a=np.array([Trap()], dtype=object))
    with pytest.raises(DataError, match="allow_pickle"):
        read_array(tmp_path / "samples.npz")


def header(shape: str) -> bytes:
    """A .npy file that claims a shape and holds nothing."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "shape", ["(10**18, 28, 28)", "(1000000000, 28, 28)", "(-1, 28, 28)", "(2**70,)", "x", "()" * 40]
)
def test_a_header_that_claims_too_much_takes_no_memory(shape: str, tmp_path: Path) -> None:
    (tmp_path / "samples.npy").write_bytes(header(shape))
    with pytest.raises(DataError, match="cannot read"):
        read_array(tmp_path / "samples.npy")


def test_an_archive_that_claims_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ablations.scoring.samples.numpy_files.LARGEST", 1000)
    np.savez_compressed(tmp_path / "samples.npz", a=np.zeros((50_000, 28, 28), np.uint8))
    with pytest.raises(DataError, match="its arrays take more than"):
        read_array(tmp_path / "samples.npz")


def npy_bytes() -> bytes:
    file = io.BytesIO()
    np.save(file, IMAGES[:2])
    return file.getvalue()


def npz_bytes() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy_bytes())
    return file.getvalue()


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Whole or cut off, with some bytes replaced, most of them in the header."""
    places = st.one_of(st.integers(0, 140), st.integers(0, len(content) - 1))
    edits = st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)

    def apply(changes: list[tuple[int, int]], end: int) -> bytes:
        altered = bytearray(content)
        for place, value in changes:
            altered[place % len(content)] = value
        return bytes(altered[:end])

    return st.builds(apply, edits, st.one_of(st.just(len(content)), st.integers(0, len(content))))


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@example(data=None)
def test_any_bytes_are_read_or_refused_with_a_message(suffix: str, data: Any, tmp_path: Path) -> None:
    content = npy_bytes() if suffix == ".npy" else npz_bytes()
    path = tmp_path / f"samples{suffix}"
    path.write_bytes(b"" if data is None else data.draw(st.one_of(st.binary(max_size=300), damaged(content))))
    try:
        samples = read_array(path)
    except DataError as refusal:
        message = str(refusal)
    else:
        assert samples.images.shape[1:] == (28, 28)
        return
    assert str(path) in message
    assert "\n" not in message
