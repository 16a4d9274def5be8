"""Extractors of a user's own: what results call what they say, what identifies them, and who refuses a bad one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from ablations.catalog.metrics import facts
from ablations.config import own_parts
from ablations.config.errors import ConfigError
from ablations.config.own_parts import PartError
from ablations.data import Dataset
from ablations.execution.executors import ProcessExecutor
from ablations.execution.parts_check import examine
from ablations.execution.plan import make_plan
from ablations.execution.runner import execute
from ablations.scoring.identity import scorer_identity
from ablations.scoring.own_extractors import _made
from ablations.scoring.panel import PANEL, load_panel, panel_of
from ablations.scoring.scorer import own_sources
from ablations.scoring.suite import evaluate, references_of
from ablations.store import Archive
from tests.ablations.small_study import BASE, OPTIONS, STUDY, run

HEAD = "import torch\nfrom torch import nn\nfrom ablations.config.parts import register\n"
SQUARES = "register('extractor', 'squares', lambda: lambda images: nn.functional.avg_pool2d(images, 7).flatten(1){})\n"
THEIRS = """
from ablations.scoring.extractors import load_extractor
class Same(nn.Module):
    def __init__(self):
        super().__init__()
        self.theirs = load_extractor("{0}")
    def forward(self, images):
        return {1}
register("extractor", "same", Same{2})
"""
READ = """
def made():
    line = nn.Linear(784, 3)
    line.load_state_dict(torch.load({0!r}))
    return nn.Sequential(nn.Flatten(), line)
register("extractor", "own", made)
"""


def load(folder: Path, text: str) -> None:
    path = folder / "my_extractors.py"
    path.write_text(HEAD + text)
    own_parts.load([str(path)])


def scores(data: Dataset, real: torch.Tensor) -> dict[str, float]:
    panel = panel_of("digits")
    return evaluate(real, panel, references_of(data, panel), data.labels[0][: len(real)])


def test_beside_the_built_in_ones_it_takes_what_label_free_features_take(
    tmp_path: Path, digits: Dataset, real: torch.Tensor
) -> None:
    before, identity = scores(digits, real), scorer_identity(panel_of("digits"))
    load(tmp_path, THEIRS.format("contrastive", "torch.from_numpy(self.theirs.features(images).features)", ""))
    after = scores(digits, real)
    assert {name: after[name] for name in before} == before
    assert [one.name for one in panel_of("digits").extractors] == [*PANEL, "same"]
    added = {name.removeprefix("same_"): value for name, value in after.items() if name not in before}
    theirs = {name.removeprefix("contrastive_"): v for name, v in before.items() if name.startswith("contrastive_")}
    assert added == pytest.approx(theirs, rel=1e-6)
    assert len(added) >= 3
    assert scorer_identity(panel_of("digits")) != identity
    shown = facts("same_frechet_500")
    assert (shown.better, "features of same" in shown.label) == ("lower", True)


def test_in_the_place_of_one_it_has_its_name_and_another_identity(
    tmp_path: Path, digits: Dataset, real: torch.Tensor
) -> None:
    before, identity = scores(digits, real), scorer_identity(panel_of("digits"))
    read = "[torch.from_numpy(getattr(self.theirs.features(images), key)) for key in ('features', 'probabilities')]"
    load(tmp_path, THEIRS.format("reader", read, ", replaces='reader'"))
    after = scores(digits, real)
    assert [one.name for one in panel_of("digits").extractors] == [*PANEL]
    assert after.keys() == before.keys()
    assert after["frechet_500"] == pytest.approx(before["frechet_500"], rel=1e-6)
    assert after["readable"] == 1.0, "one that does not abstain reads everything"
    assert scorer_identity(panel_of("digits")) != identity


def test_its_identity_is_its_source_and_what_it_has_learned(tmp_path: Path) -> None:
    seen = []
    for text in (SQUARES.format(""), SQUARES.format("  * 1"), SQUARES.format("")):
        load(tmp_path, text)
        seen.append(panel_of("digits").digest)
    assert seen[0] == seen[2] != seen[1]
    weights = tmp_path / "weights.pt"
    load(tmp_path, READ.format(str(weights)))
    learned = []
    for value in (1.0, 2.0, 1.0):
        torch.save({"weight": torch.full((3, 784), value), "bias": torch.zeros(3)}, weights)
        _made.cache_clear()
        learned.append(panel_of("digits").digest)
    assert learned[0] == learned[2] != learned[1]


def test_a_study_is_scored_by_it_in_every_process_and_says_so(tmp_path: Path) -> None:
    load(tmp_path, SQUARES.format(""))
    archive = Archive(tmp_path / "store")
    study = dataclasses.replace(STUDY, variants=(BASE,), contrasts=(), seeds=2, evaluations=1)
    plan = make_plan(study, dataclasses.replace(OPTIONS, workers=2), archive)
    with ProcessExecutor(1) as executor:
        summary = execute(plan, archive, lambda event: None, executor)
    assert summary.counts["finished"] == 2
    stored = archive.get(archive.keys()[0])
    assert stored.scorer == plan.scorer == scorer_identity(panel_of("digits"))
    assert any(name.startswith("squares_frechet_") for name in stored.scores)
    assert stored.environment["scored_by_own"] == own_sources()
    assert "extractor squares (SHA-256 " in own_sources()


def test_one_that_fails_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    load(tmp_path, SQUARES.format(".nosuch"))
    with pytest.raises(PartError, match=r"my_extractors.py, line 4: AttributeError"):
        run(STUDY, Archive(tmp_path / "store"))


def test_two_in_one_place_are_refused_by_name(tmp_path: Path) -> None:
    one = SQUARES.format("").replace("flatten(1))", "flatten(1), replaces='contrastive')")
    load(tmp_path, one + one.replace("'squares'", "'circles'"))
    with pytest.raises(ConfigError, match="'squares' and 'circles' both replace 'contrastive'; name one"):
        panel_of("digits")


def test_a_good_one_passes_every_check(tmp_path: Path) -> None:
    load(tmp_path, SQUARES.format(""))
    findings = [item for origin in own_parts.loaded() for item in examine(origin)]
    assert [(item.what, item.fails) for item in findings] == [
        (what, False) for what in ("looks", "finite", "deterministic", "neighbours", "cost")
    ], findings
    assert findings[0].result == "16 features an image, beside the built-in ones"
    assert "times the built-in reader" in findings[-1].result


def test_without_one_the_panel_is_the_built_in_one() -> None:
    assert panel_of("digits").digest == load_panel().digest
    assert own_sources() == ""
