"""The doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ablations.cli import main
from ablations.commands.run import measuring
from ablations.config import own_parts
from ablations.config.errors import DataError
from ablations.config.parts import DATASETS, LOSSES
from ablations.execution import doctor
from ablations.execution.options import Options


def examined(store: Path, **options: Any) -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine(str(store), dataset="digits", **options)}


def test_a_sound_installation_passes_and_nothing_is_made(tmp_path: Path) -> None:
    checks = examined(tmp_path / "store")
    assert list(checks) == ["packages", "device", "bits", "extractors", "data", "disk", "store"]
    assert all(check.ok for check in checks.values()), checks
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["archive.json", "mlflow.db"])
def test_each_ill_is_named_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(doctor, "NEEDED_BYTES", 1 << 60)
    monkeypatch.setattr(doctor, "_PACKAGES", ("torch", "no-such-package"))

    def broken(*arguments: object, **options: object) -> None:
        raise DataError("the weights are altered; install the project again")

    monkeypatch.setattr("ablations.scoring.panel.load_panel", broken)
    (tmp_path / name).write_bytes(b"neither JSON nor a database" * 100)
    checks = examined(tmp_path)
    wrong = {name for name, check in checks.items() if not check.ok}
    assert wrong == {"packages", "extractors", "disk", "store"}
    assert "no-such-package" in checks["packages"].says
    assert "make room" in checks["disk"].says


@pytest.mark.parametrize("partly", [False, True], ids=["none of it", "a part of it"])
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "emnist-letters"])
def test_data_that_is_not_there_is_not_fetched(
    name: str, partly: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*arguments: object, **options: object) -> None:
        raise AssertionError("it fetches data")

    monkeypatch.setattr("ablations.data.kin._fetch", fetch)
    monkeypatch.setattr("ablations.data.mnist._fetch", fetch)
    if partly:
        pattern = tmp_path / (DATASETS[name].files or "")
        pattern.parent.mkdir(parents=True)
        (pattern.parent / pattern.name.replace("*-ubyte*", "train-images-idx3-ubyte.gz")).write_bytes(b"")
    checks = {check.name: check for check in doctor.examine(str(tmp_path), data_folder=tmp_path, dataset=name)}
    assert not checks["data"].ok
    assert f"ablations data {name}" in checks["data"].says


def test_the_command_prints_checks_and_facts(tmp_path: Path) -> None:
    arguments = ["doctor", "--data", "digits", "--store", str(tmp_path / "s")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "version.torch" in done.output
    tree = json.loads(CliRunner().invoke(main, [*arguments, "--json"]).stdout)
    assert {check["ok"] for check in tree["checks"]} == {True}
    done = CliRunner().invoke(main, ["doctor", "--data-folder", str(tmp_path / "none"), "--store", str(tmp_path / "s")])
    assert done.exit_code == 1
    assert "WRONG" in done.output


def test_a_system_that_binds_no_process_to_cores_is_looked_over_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As macOS."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "processor core(s)" in doctor._device()


def test_a_study_is_measured_on_its_own_data_unless_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(
        "ablations.commands.doctor.measure_studies",
        lambda names, widths, options, as_json: asked.append(options.dataset),
    )
    for data in ([], ["--data", "digits"]):
        assert CliRunner().invoke(main, ["doctor", "--measure", "faces", *data]).exit_code == 0
    assert asked == [None, "digits"]


def test_a_study_of_ones_own_parts_is_measured_as_the_plan_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "my_parts.py"
    own.write_text("from ablations import register\nregister('loss', 'mine', lambda: None, outputs=('logits',))\n")
    monkeypatch.setattr("ablations.commands.doctor.measure_studies", lambda *arguments: print(LOSSES.get("mine")))
    own_parts.load([str(own)])
    said = measuring("my.json", Options(dataset="digits", precision="bfloat16"))
    assert said == f"ablations doctor --measure my.json --parts {own} --data digits --precision bfloat16"
    done = CliRunner().invoke(main, said.removesuffix(" --precision bfloat16").split()[1:])
    assert (done.exit_code, "my_parts.py" in done.output) == (0, True)
