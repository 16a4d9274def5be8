"""`ablations score`: every metric beside that of real images, and refusals before and after reading."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from ablations.cli import main
from ablations.data import Dataset, load_dataset
from ablations.scoring.identity import scorer_identity
from ablations.scoring.metrics.array_types import seeded_rows
from ablations.scoring.panel import load_panel
from ablations.scoring.suite import evaluate, noise_floor, references_of


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def folder(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training images in several forms."""
    folder = tmp_path_factory.mktemp("samples")
    images, labels = digits.train_images[:600, 0].numpy(), digits.labels[0][:600].numpy()
    np.save(folder / "bytes.npy", images)
    np.save(folder / "signed.npy", images.astype(np.float32) / 127.5 - 1)
    np.save(folder / "labels.npy", labels)
    np.savez(folder / "both.npz", images=images, labels=labels)
    np.save(folder / "few.npy", images[:60])
    np.save(folder / "fewest.npy", images[:39])
    (folder / "empty").mkdir()
    (folder / "pictures").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / "pictures" / f"{number:04}.png")
    (folder / "model.pt").write_bytes(b"")
    (folder / "model.bin").write_bytes(b"")
    return folder


def score(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments), "--data", "digits"])


def tree(*arguments: object) -> dict[str, Any]:
    result = score(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return found


def test_it_gives_every_metric_beside_that_of_real_images(folder: Path, digits: Dataset) -> None:
    found = tree(folder / "both.npz")
    panel = load_panel()
    rows = seeded_rows(len(np.load(folder / "both.npz")["labels"]), 500)
    images, labels = digits.train_images[rows], digits.labels[0][rows]
    expected = evaluate(images, panel, references_of(digits, panel), labels, tier="full")
    assert found["metrics"] == {name: value if math.isfinite(value) else None for name, value in expected.items()}
    floor = noise_floor(digits, panel, tier="full")
    assert found["noise_floor"].keys() == found["metrics"].keys()
    assert found["noise_floor"]["frechet_500"] == floor["frechet_500"]
    assert found["noise_floor"]["memorization_500"] is None
    assert (found["scored"], found["given"]) == (500, 600)
    assert found["data_digest"] == digits.digest
    assert found["scorer"] == scorer_identity(panel)


def test_every_form_of_the_same_samples_scores_the_same(folder: Path) -> None:
    first = tree(folder / "bytes.npy", "--labels", folder / "labels.npy")["metrics"]
    assert tree(folder / "both.npz")["metrics"] == first
    pictures = tree(folder / "pictures", "--labels", folder / "labels.npy")["metrics"]
    assert pictures == first
    signed = tree(folder / "signed.npy")
    assert signed["pixels"].startswith("float32, -1..1, detected")
    assert signed["metrics"]["frechet_500"] == pytest.approx(first["frechet_500"], rel=1e-3)
    assert "label_accuracy" in first
    assert "label_accuracy" not in signed["metrics"]


def test_the_table_states_what_it_depends_on(folder: Path, digits: Dataset) -> None:
    shown = score(folder / "bytes.npy").stdout
    for words in ("500 of 600", "uint8, 0..255", digits.digest, scorer_identity(), "frechet_500", "real images"):
        assert words in shown


def test_fewer_samples_are_scored_only_if_allowed_and_named_so(folder: Path) -> None:
    refusal = score(folder / "few.npy")
    assert refusal.exit_code == 2
    assert "holds 60 samples; at least 500 are needed (--allow-fewer" in refusal.stderr
    found = tree(folder / "few.npy", "--allow-fewer")
    assert "frechet_60_vs_500" in found["metrics"]
    assert "frechet_500" not in found["metrics"]
    assert found["noise_floor"]["frechet_60_vs_500"] > 0
    assert "at least 40 are needed" in score(folder / "fewest.npy", "--allow-fewer").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no.npy"], "does not exist"),
        (["empty"], "holds no PNG file"),
        (["model.bin"], "none of .npy, .npz"),
        (["model.pt"], "runs code of whoever made it"),
        (["model.pt", "--generator"], "needs --latent-size"),
        (["model.pt", "--generator", "--latent-size", "0"], "0 is not in the range"),
        (["model.pt", "--generator", "--latent-size", "5"], "cannot read"),
        (["bytes.npy", "--generator", "--latent-size", "5"], "no program of a generator"),
        (["bytes.npy", "--latent-size", "5"], "for a --generator"),
        (["bytes.npy", "--conditional"], "for a --generator"),
        (["bytes.npy", "--range", "0..2"], "0..2"),
        (["bytes.npy", "--range", "0..1"], "expected 0..1 as --range states"),
        (["pictures", "--range", "0..1"], "--range is for arrays"),
        (["few.npy", "--labels", "labels.npy"], "600 labels for 60 images"),
        (["bytes.npy", "--labels", "both.npz"], "cannot read"),
    ],
)
def test_mistakes_are_named_and_exit_2(arguments: list[str], words: str, folder: Path) -> None:
    existing = {path.name for path in folder.iterdir()} | {"no.npy"}
    result = score(*(folder / word if word in existing else word for word in arguments))
    assert result.exit_code == 2, result.output
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_generator_is_run_when_it_is_named_as_one(tmp_path: Path) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(6, 784), torch.nn.Tanh())
    torch.export.save(torch.export.export(network, (torch.zeros(4, 6),)), tmp_path / "model.pt2")
    found = tree(tmp_path / "model.pt2", "--generator", "--latent-size", 6)
    assert found["scored"] == found["given"] == 500
    assert "-1..1, detected" in found["pixels"]
    assert found["metrics"]["frechet_500"] > 10
