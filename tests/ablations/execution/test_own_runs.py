"""Runs with a user's own parts: in every process that needs them, never unasked, and a bad one spoils only its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from ablations.catalog.metrics import facts
from ablations.cli import main
from ablations.config import Study, own_parts
from ablations.config.errors import ConfigError, StoreError
from ablations.execution.executors import ProcessExecutor
from ablations.execution.plan import make_plan
from ablations.execution.rescore import RescoreJob, rescore_jobs
from ablations.execution.runner import execute
from ablations.execution.verify import verify
from ablations.scoring.identity import scorer_identity
from ablations.store import Archive
from reports.analysis.gaps import gaps
from tests.ablations.small_study import BASE, OPTIONS, run

PARTS = """
import math
import torch
from torch import nn
from ablations.config.parts import register
from ablations.data import load_dataset
from ablations.parts.losses import Halves

def discriminator(shape):
    print("x" * 10_000)
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 8), nn.ReLU(), nn.Linear(8, 1))

class Breaking(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.line = nn.Linear(math.prod(shape), 1)
        self.register_buffer("steps", torch.tensor(0.0))

    def forward(self, images):
        self.steps += self.training
        if self.training and self.steps > 20:
            raise RuntimeError("too many")
        return self.line(images.flatten(1))

def failing(shape):
    raise RuntimeError("no such width")

register("discriminator", "mine", discriminator)
register("discriminator", "breaking", Breaking)
register("discriminator", "failing", failing)
register("dataset", "half", lambda folder, notify: load_dataset("digits", folder=folder), frozen=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_parts.py"
    path.write_text(PARTS)
    own_parts.load([str(path)])
    return path


def study_of(*names: str) -> Study:
    variants = tuple(BASE.override({"discriminator.architecture": name}, name=name) for name in names)
    return Study(name="own", title="Own", description="For tests.", variants=(BASE, *variants), seeds=2, evaluations=1)


def forget() -> None:
    for origin in own_parts.loaded():
        own_parts._forget(origin)
    own_parts._loaded.clear()


def test_a_run_is_kept_with_its_source_and_read_verified_and_scored_only_where_that_is_named(
    file: Path, archive: Archive
) -> None:
    summary, _ = run(study_of("mine"), archive, dataset="half")
    assert not summary.failed
    [key] = [item.key for item in archive.members("own") if item.variant == "mine" and item.seed == 1]
    forget()
    stored = archive.get(key)
    [part] = stored.run.variant.own_parts
    assert (part.kind, part.name, part.source) == ("architecture", "mine", "my_parts.py")
    assert stored.run.own_data is not None
    assert stored.environment["printed"].endswith("more characters]")
    assert [result.status for result in archive.read("own").results] == ["finished"] * 4
    with pytest.raises(StoreError, match=r"'mine' of my_parts.py \(SHA-256 \w{12}\) is needed: name that .*--parts"):
        verify(stored)
    told = CliRunner().invoke(main, ["verify", key, "--store", str(archive.root)])
    assert told.exit_code == 2
    assert "is needed: name that" in told.stderr
    with pytest.raises(ConfigError, match=r"cannot be scored anew: the .* of my_parts.py .* is needed"):
        rescore_jobs(archive, "own", "another")
    text = file.read_text()
    file.write_text(text + "# edited")
    own_parts.load([str(file)])
    with pytest.raises(StoreError, match=r"; my_parts.py as it is here has SHA-256"):
        verify(stored)
    file.write_text(text)
    own_parts.load([str(file)])
    assert verify(stored).identical
    before = archive.folder(key) / "scores" / f"{scorer_identity()}.json"
    scores = before.read_bytes()
    before.unlink()
    [job] = [job for job in rescore_jobs(archive, "own", scorer_identity()) if job.variant == "mine"]
    job.run(lambda event: None, lambda: None)
    assert before.read_bytes() == scores


def test_weights_of_g_are_scored_anew_without_what_only_trained_them(file: Path, archive: Archive) -> None:
    """D, a loss or an optimizer of one's own is not asked for: so a metric beside them in a file can be mended."""
    run(dataclasses.replace(study_of("mine"), seeds=1), archive)
    [key] = [item.key for item in archive.members("own") if item.variant == "mine"]
    forget()
    before = archive.folder(key) / "scores" / f"{scorer_identity()}.json"
    scores = before.read_bytes()
    before.unlink()
    [job] = rescore_jobs(archive, "own", scorer_identity())
    job.run(lambda event: None, lambda: None)
    assert before.read_bytes() == scores


@pytest.mark.slow
def test_other_processes_have_the_parts_and_only_the_bad_ones_fail(file: Path, archive: Archive) -> None:
    plan = make_plan(
        study_of("mine", "breaking", "failing"), dataclasses.replace(OPTIONS, dataset="half", workers=2), archive
    )
    assert plan.estimate_seconds > 0
    said: list[str] = []
    with ProcessExecutor(1) as executor:
        summary = execute(plan, archive, lambda event: said.append(str(event)), executor)
    reasons = dict(summary.failures)
    assert reasons.keys() == {f"{name} seed {seed}" for name in ("breaking", "failing") for seed in (0, 1)}
    assert "the discriminator 'breaking': my_parts.py, line 22: RuntimeError: too many" in reasons["breaking seed 1"]
    assert "the discriminator 'failing': my_parts.py, line 26: RuntimeError: no such width" in reasons["failing seed 0"]
    assert summary.counts["finished"] == 4


def test_parts_of_a_script_stay_in_its_process(archive: Archive) -> None:
    from ablations.config.parts import register
    from ablations.parts.losses import MSE

    register("loss", "mine", MSE, outputs=("sigmoid",))
    study = dataclasses.replace(study_of(), variants=(BASE.override({"loss.criterion": "mine"}),))
    plan = make_plan(study, dataclasses.replace(OPTIONS, workers=2), archive)
    assert plan.workers == 1
    [part] = plan.study.variants[0].own_parts
    assert part.source == Path(__file__).name


def test_own_metrics_are_scored_and_a_bad_one_spoils_nothing(
    tmp_path: Path, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    before = scorer_identity()
    path = tmp_path / "my_metrics.py"
    path.write_text(
        "from ablations.config.parts import register\n"
        "register('metric', 'spread', lambda samples, reference: samples.seen.features.std(), better='higher')\n"
        "register('metric', 'word', lambda samples, reference: 'good')\n"
    )
    own_parts.load([str(path)])
    assert scorer_identity() != before
    summary, _ = run(dataclasses.replace(study_of(), seeds=1), archive)
    assert not summary.failed
    [key] = archive.keys()
    stored = archive.get(key)
    assert stored.scorer == scorer_identity()
    assert stored.scores["spread"] > 0
    assert stored.scores["word"] != stored.scores["word"]
    assert "my_metrics.py, line 3: the metric 'word' must give a number, not str" in stored.environment["printed"]
    assert facts("spread").better == "higher"
    [gap] = gaps([stored])
    assert str(gap) == (
        "the metric 'word' gave no number at 2 of 2 evaluations: my_metrics.py, line 3: the metric 'word' must give a "
        "number, not str"
    )
    reported = CliRunner().invoke(main, ["report", "own", "--store", str(archive.root), "--out", str(tmp_path / "out")])
    assert f"own: {gap}" in reported.stderr
    for page in ("report.html", "report.md"):
        assert "gave no number at 2 of 2 evaluations" in (tmp_path / "out" / page).read_text()
    forget()
    assert facts("spread").better == "neither"
    assert scorer_identity() == before


def test_a_job_is_refused_where_its_source_was_edited(file: Path, archive: Archive) -> None:
    job = RescoreJob(name="a", variant="b", archive=archive.root, keys=(), seeds=(), scorer="", estimate_seconds=0.0)
    forget()
    file.write_text(PARTS + "# edited")
    with pytest.raises(ConfigError, match="has changed since the plan was made"):
        job.run(lambda event: None, lambda: None)
