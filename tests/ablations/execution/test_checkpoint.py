"""Checkpoints: atomic, checked, pruned; a bad one is refused by name and the last good one taken."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ablations.config.errors import DataError
from ablations.execution import checkpoint
from ablations.execution.checkpoint import KEPT, Checkpoint, discard_checkpoints, load_checkpoint, save_checkpoint


def make(step: int) -> Checkpoint:
    return Checkpoint(step=step, tensors={"w": torch.full((3,), float(step))}, head={"seconds": step / 2})


def load(folder: Path, identity: str = "me") -> tuple[Checkpoint | None, list[str]]:
    refused: list[str] = []
    return load_checkpoint(folder, identity, refused.append), refused


def test_the_newest_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    for step in (5, 10):
        save_checkpoint(tmp_path, "me", make(step))
    found, refused = load(tmp_path)
    assert found is not None
    assert (found.step, dict(found.head), refused) == (10, {"seconds": 5.0}, [])
    assert torch.equal(found.tensors["w"], torch.full((3,), 10.0))


def test_old_ones_are_pruned(tmp_path: Path) -> None:
    for step in range(1, 6):
        save_checkpoint(tmp_path, "me", make(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"step-{n:09d}" for n in range(6 - KEPT, 6)]


def damage_state(path: Path) -> None:
    data = bytearray((path / "state.safetensors").read_bytes())
    data[-1] ^= 1
    (path / "state.safetensors").write_bytes(bytes(data))


def truncate_state(path: Path) -> None:
    (path / "state.safetensors").write_bytes((path / "state.safetensors").read_bytes()[:10])


def break_head(path: Path) -> None:
    (path / "head.json").write_text("{")


def remove_head(path: Path) -> None:
    (path / "head.json").unlink()


def other_head(path: Path) -> None:
    (path / "head.json").write_text(json.dumps([1, 2]))


def change_a_number(path: Path) -> None:
    text = (path / "head.json").read_text()
    assert "5.0" in text
    (path / "head.json").write_text(text.replace("5.0", "4.0"))


def change_the_step(path: Path) -> None:
    text = (path / "head.json").read_text()
    (path / "head.json").write_text(text.replace('"step": 10', '"step": 11'))


HARMS = [damage_state, truncate_state, break_head, remove_head, other_head, change_a_number, change_the_step]


@pytest.mark.parametrize("harm", HARMS)
def test_a_bad_one_is_refused_by_name_and_the_last_good_one_taken(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    for step in (5, 10):
        save_checkpoint(tmp_path, "me", make(step))
    harm(tmp_path / "step-000000010")
    found, refused = load(tmp_path)
    assert found is not None
    assert found.step == 5
    assert len(refused) == 1
    assert "step-000000010" in refused[0]


def test_a_foreign_one_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, "another", make(5))
    found, refused = load(tmp_path)
    assert found is None
    assert "another" in refused[0]


def test_killed_while_writing_the_earlier_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, "me", make(5))

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, "me", make(10))
    found, refused = load(tmp_path)
    assert found is not None
    assert (found.step, refused) == (5, [])


def test_a_full_disk_is_named_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(DataError, match=r"step-000000010.*No space left"):
        save_checkpoint(tmp_path, "me", make(10))
    assert list(tmp_path.iterdir()) == []


def test_none_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path / "missing") == (None, [])
    discard_checkpoints(tmp_path / "missing")


@given(st.sampled_from(["state.safetensors", "head.json"]), st.integers(0, 400), st.binary(max_size=24), st.booleans())
def test_no_damage_of_a_checkpoint_gives_anything_but_a_refusal(
    name: str, position: int, junk: bytes, cut: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder), "me", make(5))
        path = Path(folder) / "step-000000005" / name
        data = path.read_bytes()
        place = position % (len(data) + 1)
        harmed = data[:place] + junk + (b"" if cut else data[place + len(junk) :])
        path.write_bytes(harmed)
        found, refused = load(Path(folder))
        if harmed == data:
            assert found is not None
        elif found is None:
            assert "step-000000005" in refused[0]
        else:  # a change of the plain data that its meaning survives, such as a space
            assert torch.equal(found.tensors["w"], make(5).tensors["w"])
