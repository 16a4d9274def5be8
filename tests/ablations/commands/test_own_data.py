"""The whole path on data of one's own: a folder, its extractors, a study, its report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ablations.cli import main
from ablations.data import load_dataset
from ablations.data.sources import idx_bytes
from ablations.scoring.panel import LABEL_FREE, PANEL, PIECES, panel_of
from ablations.store import Archive

STUDY = {
    "name": "own",
    "title": "Own data",
    "description": "For tests.",
    "seeds": 1,
    "evaluations": 1,
    "variants": [
        {"name": name, "base": "baseline", "steps": 4, "batch_size": 8, "generator": {"hidden": [width]}}
        for name, width in (("narrow", 8), ("wide", 16))
    ],
    "contrasts": [{"axis": "width", "question": "wider", "treatment": "wide", "reference": "narrow"}],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATIONS_DATA", str(tmp_path / "data"))
    (tmp_path / "own.json").write_text(json.dumps(STUDY))
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def digits_as_idx(folder: Path) -> Path:
    digits = load_dataset("digits")
    folder.mkdir()
    for split, images, labels in (
        ("train", digits.train_images, digits.labels[0]),
        ("t10k", digits.test_images, digits.labels[1]),
    ):
        (folder / f"{split}-images-idx3-ubyte").write_bytes(idx_bytes(images[:, 0].numpy()))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx_bytes(labels.numpy().astype(np.uint8)))
    return folder


def pictures(folder: Path, count: int = 400) -> Path:
    """Colour pictures of one bright square each."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(count):
        pixels = np.zeros((20, 24, 3), np.uint8)
        top, left = draw.integers(0, 12, 2)
        pixels[top : top + 8, left : left + 8] = draw.integers(100, 256, 3)
        Image.fromarray(pixels).save(folder / f"{number:04}.png")
    return folder


def test_a_folder_of_idx_files_is_scored_by_extractors_of_its_own(place: Path) -> None:
    folder = digits_as_idx(place / "mine")
    early = call("run", "own.json", "--data", "mine", "--workers", "1")
    assert early.exit_code == 2
    assert f"ablations classifier --data {folder}" in early.stderr
    for command in ("classifier", "extractor"):
        made = call(command, "--data", "mine", "--epochs", "1", "--json")
        assert made.exit_code == 0, made.output
        assert str(place / "data" / "extractors") in json.loads(made.stdout)["file"]
    done = call("run", "own.json", "--data", "mine", "--workers", "1")
    assert done.exit_code == 0, done.output
    stored = Archive.open("results/store").read("own")
    assert stored.scorer
    assert all(item.scorer == stored.scorer and item.run.dataset == str(folder) for item in stored.results)
    assert {"balanced_frechet_500", "contrastive_balanced_frechet_500"} <= stored.results[0].scores.keys()
    names = [one.name for one in panel_of(str(folder), place / "data").extractors]
    assert names == [*PANEL, PIECES]
    again = call("rescore", "own")
    assert again.exit_code == 0, again.output
    assert "0 runs scored anew" in again.stdout


def test_pictures_without_labels_are_scored_label_free_and_every_table_says_so(place: Path) -> None:
    folder = pictures(place / "photos")
    name = f"{folder}@16"
    refused = call("classifier", "--data", "photos@16")
    assert refused.exit_code == 2
    assert "no labels" in refused.stderr
    assert call("extractor", "--data", "photos@16", "--epochs", "1").exit_code == 0
    done = call("run", "own.json", "--data", "photos@16", "--workers", "1")
    assert done.exit_code == 0, done.output
    stored = Archive.open("results/store").read("own")
    result = stored.results[0]
    assert result.run.dataset == name
    assert result.samples[4].shape[1:] == (3, 16, 16)
    scored = [metric for metric in result.scores if not metric.startswith("d_")]
    assert not any("balanced" in metric or "class" in metric or "readable" in metric for metric in scored), scored
    assert [one.name for one in panel_of(name, place / "data").extractors] == [LABEL_FREE, PIECES]
    for page in ("report.html", "report.md"):
        text = (place / "results" / "reports" / "own" / page).read_text()
        assert "contrastive_frechet_66" in text
        assert "label-free features alone" in text
    conditional = call("run", "own.json", "--data", "photos@16", "--set", "conditional=true", "--dry-run")
    assert conditional.exit_code == 2
    assert "needs labels" in conditional.stderr
    drawn = call("sample", "own/wide", "--nearest", "--out", "near.png")
    assert drawn.exit_code == 0, drawn.output
    with Image.open("near.png") as picture:
        assert picture.mode == "RGB"
    verified = call("verify", result.key)
    assert verified.exit_code == 0, verified.output


def test_a_dataset_that_is_none_is_refused_with_the_nearest_name(place: Path) -> None:
    np.save("own.npy", np.zeros((10, 28, 28), np.uint8))
    for command in ("run own.json", "data", "classifier", "extractor", "score own.npy", "doctor"):
        words = command.split()
        named = ["fashion-mnst"] if words[0] == "data" else ["--data", "fashion-mnst"]
        done = call(*words, *named)
        assert done.exit_code == 2, command
        assert "did you mean 'fashion-mnist'" in done.stderr


def test_a_registered_name_is_meant_wherever_the_parts_stand_and_whatever_folder_is_called_so(place: Path) -> None:
    (place / "mine").mkdir()
    (place / "my_data.py").write_text(
        "from ablations import register\nfrom ablations.data import load_dataset\n"
        "register('dataset', 'mine', lambda folder, notify: load_dataset('digits'), title='t', frozen=True)\n"
    )
    words = ["--parts", "my_data.py"], ["--data", "mine"]
    for first, second in (words, words[::-1]):
        done = call("run", "own.json", *first, *second, "--dry-run")
        assert done.exit_code == 0, done.output
        assert "2 runs to train" in done.stdout


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("open(folder / 'nosuch')", "the dataset 'mine': my_data.py, line 5: FileNotFoundError"),
        ("[1, 2]", "my_data.py, line 6: the dataset 'mine' must give an `ablations.data.Dataset`, not list"),
        ("Dataset(name='mine', train_images=zeros, train_labels=None, test_images=zeros, test_labels=None)", "uint8"),
    ],
)
def test_a_dataset_that_is_none_fails_in_a_sentence(place: Path, body: str, says: str) -> None:
    (place / "my_data.py").write_text(
        "import torch\nfrom ablations import register\nfrom ablations.data import Dataset\n"
        f"def mine(folder, notify, zeros=torch.zeros(2, 1, 4, 4)):\n    return {body}\n"
        "register('dataset', 'mine', mine, title='t')\n"
    )
    done = call("run", "own.json", "--parts", "my_data.py", "--data", "mine", "--dry-run")
    assert done.exit_code == 2, done.output
    assert says in done.stderr.replace("\n", " ")
