"""What is said of good and of bad parts of one's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ablations.cli import main
from ablations.config import Study, own_parts
from ablations.config.own_parts import PartError
from ablations.config.parts import KINDS
from ablations.execution import parts_check
from ablations.execution.part_findings import Finding
from ablations.execution.parts_check import examine
from ablations.store import Archive
from tests.ablations.execution.bad_parts import BAD, HEAD, MODULES, OTHERS, module
from tests.ablations.small_study import BASE, run
from tests.ablations.training import own_modules


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said depends neither on how long a part is timed nor on how wide the networks beside it are."""
    monkeypatch.setattr(parts_check, "LEAST_SECONDS", 0.0)
    narrow = {"generator.hidden": 16, "discriminator.hidden": 16}
    monkeypatch.setattr(parts_check, "BASE", parts_check.BASE.override(narrow, name="check"))


def test_there_are_more_than_fifty_of_them_and_none_hides_another() -> None:
    assert len(BAD) == len(MODULES) + len(OTHERS) > 50


@pytest.mark.parametrize("which", BAD)
def test_a_bad_part_is_told_in_a_sentence_with_its_line(
    which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, what, sentence = BAD[which]
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + text)
    [origin] = own_parts.load([str(path)])
    failed = [item for item in examine(origin) if item.fails]
    assert [(item.what, bool(re.search(sentence, item.result))) for item in failed] == [(what, True)], failed
    assert re.search(r"my_parts.py, line \d+", failed[0].result)
    assert len(failed[0].result) < 800
    assert "\n" not in failed[0].result
    assert capsys.readouterr().out == ""


def test_good_parts_pass_every_check() -> None:
    own_modules.enter()
    [origin] = {part.origin for part in KINDS["architecture"]._parts.values() if part.origin}
    findings = list(examine(origin))
    assert [item for item in findings if item.fails] == []
    stacks = {item.part: item.result for item in findings if item.what == "stacks"}
    assert stacks["generator dense"] == "all seeds are one computation"
    assert stacks["generator noisy"] == "no, one seed is trained after another: it draws random numbers in its forward"
    assert "out=" in stacks["discriminator spectral"]
    assert "discriminator conditional, conditional" in stacks
    cost = {item.part: item.result for item in findings if item.what == "cost"}
    assert "times a built-in CNN" in cost["discriminator convolutional"]


GOOD = """
class Labelled(nn.Module):
    def __init__(self, shape, classes):
        super().__init__(); self.line = nn.Linear(math.prod(shape) + classes, 1)

    def forward(self, x, labels):
        return self.line(torch.cat([x.flatten(1), labels], 1))

register("discriminator", "labelled", Labelled)
"""
EMBEDDED = GOOD.replace("labels], 1", "self.table(labels)], 1").replace(
    "; self.line", "; self.table = nn.Embedding(classes or 1, classes); self.line"
)
NORMALISED = """
def normalised(shape):
    return nn.Sequential(nn.Conv2d(shape[0], 4, 4, 2), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Flatten(),
                         nn.Linear(4 * 13 * 13, 1))

register("discriminator", "normalised", normalised)
"""
ZERO = """
def zero(shape, latent_size):
    last = nn.Linear(latent_size, math.prod(shape))
    nn.init.zeros_(last.weight)
    return nn.Sequential(last)

register("generator", "zero", zero)
"""
FITTED = """
def stripes(folder, notify):
    images = torch.arange(60 * 3 * 144, dtype=torch.uint8).reshape(60, 3, 12, 12)
    return Dataset(name="stripes", train_images=images[:40], train_labels=torch.arange(40) % 2,
                   test_images=images[40:], test_labels=torch.arange(20) % 2)

def fitted(shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(432, 1))

register("dataset", "stripes", stripes)
register("discriminator", "fitted", fitted)
"""
SQUASHED = """
def squashed(shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 1), nn.Sigmoid())

def hyperbolic(shape, latent_size):
    return nn.Sequential(nn.Linear(latent_size, math.prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))

register("discriminator", "squashed", squashed)
register("generator", "hyperbolic", hyperbolic)
"""


def examined(folder: Path, text: str) -> list[Finding]:
    path = folder / "my_parts.py"
    path.write_text(HEAD + text)
    [origin] = own_parts.load([str(path)])
    return list(examine(origin))


def test_a_network_that_takes_labels_need_not_do_without_them(tmp_path: Path) -> None:
    found = examined(tmp_path, GOOD)
    assert not any(item.fails for item in found)
    assert found[0].part == "discriminator labelled"
    assert found[0].result.startswith("with labels only; without: ")
    assert "deterministic" in [item.what for item in found if item.part == "discriminator labelled, conditional"]


@pytest.mark.parametrize("taken", ["labels", "labels.long()"])
def test_labels_that_are_taken_as_numbers_are_told_what_they_are(taken: str, tmp_path: Path) -> None:
    failed = [
        item.result for item in examined(tmp_path, EMBEDDED.replace("table(labels)", f"table({taken})")) if item.fails
    ]
    assert any("they come as one-hot floats (batch, 10): take labels.argmax(1)" in result for result in failed)


def test_a_bias_before_batch_normalisation_does_not_unstack_the_seeds(tmp_path: Path) -> None:
    """Its gradient is 0 but for rounding, of which every order of sums has its own."""
    [stacks] = [item.result for item in examined(tmp_path, NORMALISED) if item.what == "stacks"]
    assert stacks == "all seeds are one computation"


def test_a_generator_whose_last_weights_start_at_zero_depends_on_its_input(tmp_path: Path) -> None:
    assert not [item.result for item in examined(tmp_path, ZERO) if item.fails]


def test_an_output_layer_within_a_module_is_found(tmp_path: Path) -> None:
    failed = {item.part: item.result for item in examined(tmp_path, SQUASHED) if item.fails}
    assert failed.keys() == {"discriminator squashed", "generator hyperbolic"}
    assert "ends in nn.Sigmoid, and the output layer" in failed["discriminator squashed"]
    assert "ends in nn.Tanh, and the output layer" in failed["generator hyperbolic"]


def test_parts_are_examined_in_the_form_of_the_data_that_are_named(tmp_path: Path) -> None:
    """A network for 12x12 colours fails on MNIST; of data without labels nothing conditional is asked."""
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + GOOD + FITTED)
    words = ["check", str(path), "--json"]
    usual, own, folder = (
        json.loads(CliRunner().invoke(main, [*words, *more]).stdout)["findings"]
        for more in ([], ["--data", "stripes"], ["--data", str(coloured(tmp_path / "pictures")) + "@12"])
    )
    fails = [item for item in usual if item["fails"]]
    assert [(item["part"], item["what"]) for item in fails] == [("discriminator fitted", "builds")]
    assert not any(item["fails"] for item in own)
    assert "discriminator labelled, conditional" in {item["part"] for item in own}
    assert "discriminator labelled, conditional" not in {item["part"] for item in folder}
    assert not any(item["fails"] for item in folder if item["part"] == "discriminator fitted")
    unknown = CliRunner().invoke(main, [*words, "--data", "strips"])
    assert unknown.exit_code == 2
    assert "did you mean 'stripes'" in unknown.stderr


def test_data_of_ones_own_are_given_the_data_folder_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my_parts.py"
    path.write_text(
        "import ablations\n\n\ndef read(folder, notify):\n"
        "    raise FileNotFoundError(f'looked into {folder}')\n\n\nablations.register('dataset', 'mine', read)\n"
    )
    asked = ["check", str(path), "--data-folder", str(tmp_path / "elsewhere")]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 1
    assert f"looked into {tmp_path / 'elsewhere'}" in done.stdout


def coloured(folder: Path) -> Path:
    folder.mkdir()
    for number in range(40):
        Image.fromarray(np.full((12, 12, 3), (6 * number, 9, 99), np.uint8)).save(folder / f"{number}.png")
    return folder


def test_weights_alone_that_are_not_finite_are_named_without_a_step() -> None:
    weights = iter(({"line": np.zeros(3)}, {"line": np.full(3, np.nan)}))
    group: Any = SimpleNamespace(
        weights=lambda seed: next(weights),
        advance=lambda steps: None,
        take_curves=lambda: np.zeros((8, 6, 2)),
        networks=(SimpleNamespace(own=None),) * 2,
        variant=BASE,
    )
    with pytest.raises(PartError, match=r"^here: line is not finite after 8 steps, though losses and gradients are$"):
        parts_check._trains(group, "here")


def test_a_run_goes_on_without_its_bad_variants(tmp_path: Path, archive: Archive) -> None:
    chosen = ["wrong shape", "nan gradient", "an exception in step 7", "state in an attribute", "it prints and fails"]
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + "".join(MODULES[w][0].replace('"bad"', f'"bad{i}"') for i, w in enumerate(chosen)))
    own_parts.load([str(path)])
    bad = [
        BASE.override({"discriminator.architecture": f"bad{index}", "steps": 30}, name=name)
        for index, name in enumerate(chosen)
    ]
    study = Study(name="bad", title="Bad", description="For tests.", variants=(*bad, BASE), seeds=1, evaluations=1)
    summary, _ = run(study, archive)
    reasons = dict(summary.failures)
    assert summary.counts["finished"] == 1
    assert summary.counts["diverged"] == 1
    assert summary.counts["failed"] == 4
    assert all("\n" not in reason for reason in reasons.values())
    assert "AssertionError: seventh" in reasons["an exception in step 7 seed 0"]


def test_the_command_says_what_was_found_and_shows_a_traceback_only_where_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "my_parts.py"
    path.write_text(HEAD + module("return x.nosuch()"))
    found = CliRunner().invoke(main, ["check", str(path)])
    assert found.exit_code == 1
    assert "discriminator bad  builds  FAILS" in found.output
    told = CliRunner().invoke(main, ["check", str(path), "--json"])
    assert json.loads(told.stdout)["findings"][0]["fails"] is True
    path.write_text("1 / 0")
    plain = CliRunner().invoke(main, ["check", str(path)])
    assert (plain.exit_code, "Traceback" in plain.output) == (2, False)
    assert "my_parts.py, line 1: ZeroDivisionError" in plain.output
    asked = CliRunner().invoke(main, ["check", str(path), "--traceback"])
    assert "Traceback" in asked.output
    path.write_text("")
    empty = CliRunner().invoke(main, ["check", str(path)])
    assert "registers no part" in empty.output
