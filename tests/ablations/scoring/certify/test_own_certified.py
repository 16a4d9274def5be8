"""Metrics and extractors of a user's own in `score` and `certify`: used, named, and held to what they claim."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ablations.catalog.metrics import METRICS
from ablations.cli import main
from ablations.config import own_parts
from ablations.config.errors import ConfigError
from ablations.data import load_dataset
from ablations.scoring.certify.damages import DAMAGES
from ablations.scoring.certify.measure import certify
from ablations.scoring.identity import scorer_identity
from ablations.scoring.own_metrics import check_own_claims
from ablations.scoring.panel import panel_of

PARTS = """
import numpy as np
from torch import nn
from ablations import register

def means(samples, reference):
    return float(np.square(samples.seen.features.mean(0) - reference.test.features.mean(0)).sum())

register("metric", "means", means, better="lower", {claims})
register("extractor", "coarse", lambda: nn.Sequential(nn.AvgPool2d(4), nn.Flatten()))
"""
CLAIMS = 'rises=("noise",), stays=("swapped_labels",), falls=("occlusion",)'


def write(folder: Path, claims: str = CLAIMS) -> str:
    path = folder / "my_metrics.py"
    path.write_text(PARTS.format(claims=claims))
    return str(path)


def test_the_command_scores_samples_by_them_too_under_another_scorer(tmp_path: Path) -> None:
    samples = tmp_path / "samples.npy"
    np.save(samples, load_dataset("digits").train_images[:500, 0].numpy())
    words = ["score", str(samples), "--data", "digits", "--json"]
    plain = json.loads(CliRunner().invoke(main, words).stdout)
    ours = json.loads(CliRunner().invoke(main, [*words, "--parts", write(tmp_path)]).stdout)
    assert {"means", "coarse_frechet_500"} <= ours["metrics"].keys() - plain["metrics"].keys()
    assert ours["scorer"] != plain["scorer"]
    assert {name: ours["metrics"][name] for name in plain["metrics"]} == pytest.approx(plain["metrics"], nan_ok=True)
    assert ours["metrics"]["means"] == ours["noise_floor"]["means"] > 0, "these samples are the first training images"


def test_the_certificate_holds_them_to_their_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the damages that they speak of: what the others do to scores is asked of the built-in metrics."""
    named = [damage for damage in DAMAGES if damage.name in ("noise", "swapped_labels", "occlusion")]
    for module in ("measure", "certificate_page"):
        monkeypatch.setattr(f"ablations.scoring.certify.{module}.DAMAGES", named)
    own_parts.load([write(tmp_path)])
    found = certify(load_dataset("digits"), panel_of("digits"), repeats=10)
    status = {(item.subject, item.metric): (item.claim, item.status) for item in found.lines}
    title = {damage.name: damage.title for damage in DAMAGES}
    assert status[title["noise"], "means"] == ("rises", "holds")
    assert status[title["swapped_labels"], "means"] == ("stays", "holds")
    assert status[title["occlusion"], "means"] == ("falls", "fails"), "it rises: a claim that is wrong is seen"
    assert status[title["noise"], "coarse_frechet"] == ("rises", "holds"), "an extractor is asked what others are"
    assert found.scorer == scorer_identity(panel_of("digits"))

    monkeypatch.setattr("ablations.scoring.certify.measure.certify", lambda *arguments, **options: found)
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["certify", "--data", "digits", "--parts", "my_metrics.py"])
    assert told.exit_code == 1, told.output
    assert "fails: Occlusion: means falls" in told.stdout
    page = (tmp_path / "results" / "certificate" / "README.md").read_text()
    assert "ablations certify --data digits --parts my_metrics.py" in page
    assert "| `means` | rise |" in page


def test_a_damage_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'rises=("nosie",)')
    own_parts.load([path])
    with pytest.raises(ConfigError, match="the metric 'means' names: 'nosie'; did you mean 'noise'"):
        check_own_claims()
    checked = CliRunner().invoke(main, ["check", path, "--json"])
    failing = [item for item in json.loads(checked.stdout)["findings"] if item["fails"]]
    assert [(item["part"], "did you mean 'noise'" in item["result"]) for item in failing] == [("metric means", True)]


def test_the_built_in_metrics_speak_of_every_damage() -> None:
    """So that a damage of the certificate is one that a metric may name."""
    said = {damage for row in METRICS.values() for damage in (*row.rises, *row.falls, *row.stays)}
    assert said == {damage.name for damage in DAMAGES}
