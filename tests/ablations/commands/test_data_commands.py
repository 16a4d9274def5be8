"""`ablations data` and `ablations classifier`, on the digits that need no network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ablations.cli import main
from ablations.data import load_dataset


def test_data_prints_where_it_is_and_its_digest(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["data", "digits", "--data-folder", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    digits = load_dataset("digits", folder=tmp_path)
    assert facts == {
        "dataset": "digits",
        "folder": str(tmp_path),
        "images": "28x28",
        "classes": "10, of 124 to 133 training images each",
        "training_images": len(digits.train_images),
        "test_images": len(digits.test_images),
        "digest": digits.digest,
    }
    plain = CliRunner().invoke(main, ["data", "digits"], env={"ABLATIONS_DATA": str(tmp_path)})
    assert str(tmp_path) in plain.stdout
    assert digits.digest in plain.stdout


def test_an_altered_dataset_is_refused_by_the_name_of_its_file(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ):
        (raw / name).write_bytes(b"not MNIST")
    result = CliRunner().invoke(main, ["data", "mnist", "--data-folder", str(tmp_path)])
    assert result.exit_code == 2
    assert str(raw) in result.stderr
    assert "Traceback" not in result.output


def test_an_extractor_is_trained_and_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "new" / "free.safetensors"
    words = ["extractor", "--data", "digits", "--epochs", "1", "--out", str(out), "--json"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["digest"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert made["facts"]["dataset"] == "digits"
    assert "100%" in result.stderr


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "reader.safetensors"
    result = CliRunner().invoke(main, ["classifier", "--data", "digits", "--out", str(out)])
    assert result.exit_code == 2
    assert "--out" in result.stderr
    assert "loss" not in result.stderr
