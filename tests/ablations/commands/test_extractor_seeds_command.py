"""`ablations extractor-seeds`: on the study's own data, of the runs that are stored now."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ablations.cli import main
from ablations.commands.extractor_seeds import _known
from ablations.config.errors import DataError
from ablations.store import Archive
from tests.ablations.factories import keep, make_result, make_study


def test_scores_of_runs_that_are_stored_no_longer_are_left_out(tmp_path: Path) -> None:
    table = tmp_path / "page.csv"
    assert _known(table, {"a"}) == []
    table.write_text("key,variant,seed,extractor,frechet_10k\na,mlp,0,1,2.5\nb,mlp,1,1,3.5\n")
    assert _known(table, {"a", "c"}) == [{"key": "a", "variant": "mlp", "seed": 0, "extractor": 1, "frechet_10k": 2.5}]
    for other in ("variant,seed\nmlp,0\n", "", "\0"):
        table.write_text(other)
        with pytest.raises(DataError, match=r"page\.csv is no table of scores"):
            _known(table, {"a"})


def test_other_images_than_the_runs_were_trained_on_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("weights").mkdir()
    words = ["extractor-seeds", "demo", "--weights", "weights", "--out", "page.md", "--store", "store"]
    keep(Archive.open("store"), make_study(), [])
    assert "'demo' has no runs in store yet" in CliRunner().invoke(main, words).stderr
    keep(Archive.open("store"), make_study(), [make_result()])
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 2
    assert "'demo' was trained on other images than digits has here" in found.stderr
    assert not Path("page.md").exists()
