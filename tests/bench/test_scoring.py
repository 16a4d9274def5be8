from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ablations.scoring.table import computations
from bench import __main__ as program
from bench.scoring import Costs


def test_the_share_counts_step_0_the_last_scores_and_the_look_back() -> None:
    costs = Costs(samples=10, quick=10.0, full=50.0, metrics=0.0, looked_back=10.0, training=0.1, parts={})
    assert costs.share(1000, 4) == pytest.approx(100 / 200)
    assert costs.share(1000, 1) == pytest.approx(70 / 170)


def test_the_command_shows_every_part_and_keeps_the_figures(tmp_path: Path) -> None:
    done = CliRunner().invoke(program.main, ["scoring", "--quick", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "scoring.json").read_text())
    rows = [item.facts for item in computations() if not item.facts.conditional]
    expected = {f"{row.name}, {extractor}" for row in rows for extractor in row.extractors if extractor != "pieces"}
    assert expected | {"reader", "contrastive", "draw of the samples"} <= found["parts"].keys()
    assert all(value >= 0 for value in found["parts"].values())
    assert found["full"] > found["parts"]["reader"]
    assert "of a run of quick" in done.output
