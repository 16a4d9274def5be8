"""`ablations sample`, on a study of seconds."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ablations.cli import main
from ablations.config import own_parts
from ablations.scoring.samples import read_array
from ablations.store import Archive
from tests.ablations.small_study import BASE, STUDY, run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "store"
    run(dataclasses.replace(STUDY, seeds=2), Archive.open(root))
    return root


def sample(store: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["sample", *words, "--store", str(store)])


def test_every_kind_of_picture_is_written_where_it_is_said(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kinds = {"grid": [], "walk": ["--walk", "--frames", "4"], "sums": ["--sum", "0+1"], "along": ["--along"]}
    for kind, words in {**kinds, "nearest": ["--nearest"]}.items():
        done = sample(store, "small/base", *words)
        assert done.exit_code == 0, done.output
        assert "small/base seed 0" in done.stdout
        name = tmp_path / "results" / "samples" / f"small-base-0-{kind}.png"
        assert Image.open(io.BytesIO(name.read_bytes())).mode == "L"
        assert name.with_suffix(".gif").exists() == (kind in ("walk", "along"))


def test_pixels_are_enlarged_to_squares_without_interpolation(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    assert sample(store, "small/base", "--latents", "0-3", "--scale", "3", "--out", str(out)).exit_code == 0
    picture = np.asarray(Image.open(out))
    assert picture.shape == (2 * 84 + 2, 2 * 84 + 2)
    stored = next(item for item in Archive.open(store).read("small").results if item.run.variant.name == "base")
    first = stored.samples[40][0, 0].repeat(3, 0).repeat(3, 1)
    assert np.array_equal(picture[:84, :84], first)


def test_a_gif_of_a_walk_goes_there_and_back_and_one_of_the_course_through_its_steps(
    store: Path, tmp_path: Path
) -> None:
    walk, along = tmp_path / "walk.gif", tmp_path / "along.gif"
    words = ["--walk", "--frames", "5", "--label", "3", "--out", str(walk)]
    assert sample(store, "small/other", *words).exit_code == 0
    assert sample(store, "small/other", "--along", "--out", str(along)).exit_code == 0
    moving: Image.Image = Image.open(io.BytesIO(walk.read_bytes()))
    assert getattr(moving, "n_frames", 1) == 8
    course = Image.open(io.BytesIO(along.read_bytes()))
    assert getattr(course, "n_frames", 1) == 3
    assert course.info["loop"] == 0


def test_what_is_drawn_as_an_array_can_be_scored(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "drawn.npz"
    assert sample(store, "small/other", "--seed", "1", "--latents", "0-9", "--out", str(out)).exit_code == 0
    found = np.load(io.BytesIO(out.read_bytes()))
    assert found["images"].shape == (100, 1, 28, 28)
    assert found["latents"].shape == (100, 100)
    read = read_array(out)
    assert read.labels is not None
    assert read.labels.tolist() == [label for label in range(10) for _ in range(10)]
    assert np.array_equal(read.images.numpy(), found["images"][:, 0])


def test_a_run_is_named_by_the_beginning_of_its_key(store: Path, tmp_path: Path) -> None:
    result = Archive.open(store).read("small").results[1]
    done = sample(store, result.key[:8], "--out", str(tmp_path / "a.png"))
    assert f"seed 1, key {result.key}" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["small/nobody"], "nobody"),
        (["small/base", "--seed", "7"], "0, 1"),
        (["small/base", "--label", "3"], "unconditional"),
        (["small/base", "--walk", "--along"], "take one"),
        (["small/base", "--out", "a.jpg"], ".png"),
        (["small/base", "--out", "a.gif"], "--walk"),
        (["small/base", "--latents", "0-x"], "0,3-5"),
        (["small/base", "--latents", "3-1"], "0,3-5"),
        (["small/base", "--latents", "99999"], "9999"),
        (["small/base", "--sum", "0*1"], "0+1-2"),
        (["small/base", "--step", "7"], "0, 20, 40"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(store: Path, words: list[str], said: str) -> None:
    done = sample(store, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_a_file_that_cannot_be_written_is_named(store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = sample(store, "small/base", "--out", str(tmp_path / "file" / "a.png"))
    assert done.exit_code == 2
    assert "--out" in done.stderr


def test_a_network_of_ones_own_is_drawn_where_its_file_is_named(store: Path, tmp_path: Path) -> None:
    parts = tmp_path / "my_parts.py"
    parts.write_text(
        "import math\nfrom torch import nn\nfrom ablations import register\n"
        "def thin(shape, latent_size):\n"
        "    return nn.Sequential(nn.Linear(latent_size, 4), nn.Linear(4, math.prod(shape)))\n"
        "register('generator', 'thin', thin)\n"
    )
    [origin] = own_parts.load([str(parts)])
    own = BASE.override({"generator.architecture": "thin", "steps": 4}, name="own")
    run(dataclasses.replace(STUDY, name="thin", variants=(own,), contrasts=(), seeds=1), Archive.open(store))
    own_parts._forget(origin)
    own_parts._loaded.clear()
    out = ["--out", str(tmp_path / "own.png")]
    refused = sample(store, "thin/own", *out)
    assert refused.exit_code == 2
    assert "the architecture 'thin' of my_parts.py" in refused.stderr
    assert "name that source with --parts" in refused.stderr
    assert sample(store, "thin/own", *out, "--parts", str(parts)).exit_code == 0
    assert np.asarray(Image.open(tmp_path / "own.png")).std() > 0
