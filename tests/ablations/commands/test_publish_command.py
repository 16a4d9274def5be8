"""`ablations publish` and `ablations claims`, small: stacks in turn, pages from the store, nothing trained twice."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from ablations.catalog import STUDIES
from ablations.catalog import publication as published
from ablations.cli import main
from ablations.execution.options import Options
from ablations.execution.plan import make_plan
from ablations.store import Archive
from ablations.store.records import write_records
from ablations.training.instruction_set import WITH_BFLOAT16, held, instruction_set
from tests.ablations.factories import make_result

VARIANTS = ("baseline", "mse")


def ablations(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two variants of the study of all axes, with tiny networks, published one seed after the other."""
    axes = STUDIES["axes"]
    tiny = {"generator.hidden": (8,), "discriminator.hidden": (8,), "batch_size": 8}
    monkeypatch.setitem(
        STUDIES,
        "axes",
        dataclasses.replace(
            axes,
            variants=tuple(axes.variant(name).override(tiny) for name in VARIANTS),
            contrasts=tuple(c for c in axes.contrasts if {c.treatment, c.reference} <= set(VARIANTS)),
            evaluations=1,
        ),
    )
    monkeypatch.setattr(published, "STUDIES_IN_ORDER", ("axes",))
    monkeypatch.setattr(published, "MAIN", ("long-axes", "axes"))
    monkeypatch.setattr(published, "WIDTH", 1)
    monkeypatch.setattr(published, "SIX_AXES", ("conditioning",))
    monkeypatch.setattr(published, "OUTSIDE", {})


@pytest.mark.slow
def test_stacks_are_trained_in_turn_and_pages_written_from_the_store(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages")]
    tried = ["--seeds", "2", "--steps", "10", "--data", "digits", "--workers", "1"]
    done = ablations("publish", *tried, *place)
    assert done.exit_code == 0, done.output
    assert [line for line in done.output.splitlines() if line.startswith("study ")] == [
        "study axes, 1 of 2 seeds",
        "study axes, 2 of 2 seeds",
    ]
    archive = Archive.open(tmp_path / "store")
    keys = archive.keys()
    assert len(archive.read("axes").results) == 2 * len(VARIANTS)
    page = (tmp_path / "pages" / "README.md").read_text()
    assert "S4-slip" in page
    assert "| [conditioning](tuning/conditioning/README.md) | conditional, " in page
    tuning = tmp_path / "pages" / "tuning" / "conditioning"
    assert {"README.md", "runs.csv", "budget.svg"} <= {path.name for path in tuning.iterdir()}
    assert len(pd.read_csv(tuning / "conditioning-conditional-trials.csv")) == 2

    (tmp_path / "pages" / "README.md").unlink()
    again = ablations("publish", "--no-train", *place)
    assert again.exit_code == 0, again.output
    assert (tmp_path / "pages" / "README.md").read_text() == page
    assert archive.keys() == keys

    elsewhere = [
        "--store",
        str(tmp_path / "elsewhere"),
        "--out",
        str(tmp_path / "pages"),
        "--no-tuned",
        "--data",
        "digits",
    ]
    pages = {path: path.read_bytes() for path in sorted((tmp_path / "pages" / "axes").rglob("*")) if path.is_file()}
    third = ablations("publish", "--seeds", "2", "--steps", "10", "--workers", "1", *elsewhere)
    assert third.exit_code == 0, third.output
    assert "4 published runs taken from" in third.output
    assert "4 runs in" in third.output
    assert "; 0 are new, 0 removed" in third.output
    assert {path: path.read_bytes() for path in pages} == pages, "the pages are made of the records alone"
    assert set(Archive.open(tmp_path / "elsewhere").keys()) <= set(keys)

    answered = ablations("claims", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "claims"), "--json")
    assert answered.exit_code == 0, answered.output
    tree = json.loads(answered.stdout)
    answers = {claim["claim"]: claim["answer"] for claim in tree["claims"]}
    assert (answers["S3-c"], answers["S2-printed"]) == ("cannot be tested here", "not trained yet")
    assert Path(tree["page"]).is_file()


def test_what_cannot_be_published_is_refused_with_the_way_out(tmp_path: Path) -> None:
    place = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages")]
    for arguments, words in ((["--only", "laddr"], "'ladder'"), (["--no-train"], "ablations publish --only quick")):
        result = ablations("publish", *arguments, *place)
        assert result.exit_code == 2, result.output
        assert words in result.stderr
    assert not (tmp_path / "pages").exists()


def test_a_dry_run_says_what_is_left_and_trains_nothing(small: None, tmp_path: Path) -> None:
    place = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages")]
    done = ablations("publish", "--dry-run", "--data", "digits", "--workers", "1", "--seeds", "3", *place)
    assert done.exit_code == 0, done.output
    (row,) = (line for line in done.output.splitlines() if line.startswith("axes "))
    assert row.split()[:4] == ["axes", "6", "0", "6"]
    assert "6 runs to train, about" in done.output
    assert "on top: 1 axis tuned against tuned, up to 100 trainings" in done.output
    assert not Archive.open(tmp_path / "store").keys()
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize("able", [True, False])
def test_a_study_is_also_planned_with_bfloat16_operands_where_the_processor_has_units(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    flags = instruction_set(WITH_BFLOAT16[-1] if able else "avx512").flags
    monkeypatch.setattr("ablations.training.instruction_set.processor_flags", lambda: flags)
    monkeypatch.setattr(published, "ALSO_IN_BFLOAT16", ("axes",))
    archive = Archive.open(tmp_path / "store")
    plain = make_plan(STUDIES["axes"], Options(seeds=1, width=1, dataset="digits", workers=1, isa=held()), archive)
    for job in plain.jobs:
        archive.put(dataclasses.replace(make_result(job.variant, evaluations=1), run=job.runs[0]))
    place = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages")]
    asked = ["--data", "digits", "--workers", "1", "--seeds", "1", "--isa", str(held())]
    done = ablations("publish", "--dry-run", *asked, *place)
    assert done.exit_code == 0, done.output
    rows = [line.split()[:4] for line in done.output.splitlines() if line.startswith("axes")]
    assert rows[0] == ["axes", "2", "2", "0"]
    assert rows[1][0] == "axes-bfloat16"
    assert rows[1][1:4] == (["2", "0", "2"] if able else ["cannot"]), "runs of other operands are other runs"
    assert ("axes-bfloat16: this processor has no bfloat16 units" in done.output) is not able


def test_a_dry_run_shows_the_other_studies_where_one_lacks_an_extractor(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "STUDIES_IN_ORDER", ("faces", "axes"))
    monkeypatch.setitem(STUDIES, "axes", dataclasses.replace(STUDIES["axes"], dataset="digits"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages")]
    done = ablations("publish", "--dry-run", "--seeds", "1", "--workers", "1", *place)
    assert done.exit_code == 0, done.output
    assert [line.split()[:2] for line in done.output.splitlines() if line.startswith(("faces ", "axes "))] == [
        ["faces", "cannot"], ["axes", "2"]
    ]  # fmt: skip
    assert "faces: faces has no label-free extractor to be scored by yet; train it, once, with" in done.output


def test_what_one_of_the_studies_lacks_is_said_before_any_is_trained(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "STUDIES_IN_ORDER", ("axes", "faces"))
    monkeypatch.setitem(STUDIES, "axes", dataclasses.replace(STUDIES["axes"], dataset="digits"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = ablations("publish", "--steps", "10", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages"))
    assert done.exit_code == 2, done.output
    assert "ablations extractor --data faces" in done.stderr
    assert not Archive.open(tmp_path / "store").keys()


def test_that_published_runs_would_go_is_said_before_any_is_trained(small: None, tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "store")
    plan = make_plan(STUDIES["axes"], Options(seeds=1, width=1, dataset="digits", workers=1, isa=held()), archive)
    for job in plan.jobs:
        archive.put(dataclasses.replace(make_result(job.variant, evaluations=1), run=job.runs[0]))
    archive.write_study(plan.recorded, plan.members, scorer=plan.scorer)
    write_records(archive, ["axes"], tmp_path / "pages" / "records")
    before = {path: path.read_bytes() for path in (tmp_path / "pages").rglob("*") if path.is_file()}
    place = ["--store", str(tmp_path / "other"), "--out", str(tmp_path / "pages")]
    asked = ["--from-nothing", "--no-tuned", "--data", "digits", "--workers", "1", "--seeds", "1", "--steps", "10"]
    done = ablations("publish", *asked, *place)
    assert done.exit_code == 2, done.output
    assert "2 of the 2 runs in" in done.stderr
    assert "would go: --replace lets them go, another --out leaves them" in done.stderr
    assert not Archive.open(tmp_path / "other").keys()
    assert {path: path.read_bytes() for path in (tmp_path / "pages").rglob("*") if path.is_file()} == before
