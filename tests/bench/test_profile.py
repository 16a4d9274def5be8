from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from ablations.training.products import by_onednn
from bench import __main__ as program
from bench.profile import ELEMENTWISE, OUTSIDE, shares


def test_operations_are_put_under_what_they_do_and_the_rest_is_outside() -> None:
    found = shares({"bmm": 30.0, "addmm": 20.0, "_fused_adam_": 10.0, "tanh": 5.0, "sum": 5.0}, 100.0)
    assert found == pytest.approx(
        {"products": 0.5, "optimizer": 0.1, "draws": 0, "copies": 0, ELEMENTWISE: 0.1, OUTSIDE: 0.3}
    )


def test_products_that_onednn_is_asked_for_itself_are_products() -> None:
    matrix = torch.ones(128, 128)
    by_onednn(True)
    try:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as recorded:
            torch.mm(matrix, matrix)
    finally:
        by_onednn(False)
    longest = max(recorded.key_averages(), key=lambda item: item.self_cpu_time_total)
    assert shares({longest.key.rpartition("::")[2]: 1.0}, 1.0)["products"] == 1


def test_the_command_profiles_a_recipe_and_keeps_the_figures(tmp_path: Path) -> None:
    done = CliRunner().invoke(program.main, ["profile", "--quick", "--only", "s2", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (found,) = json.loads((tmp_path / "profile.json").read_text())["profiles"]
    assert (found["name"], found["width"]) == ("s2", 2)
    assert sum(found["shares"].values()) == pytest.approx(1)
    assert found["shares"]["products"] > 0
    assert found["shares"]["optimizer"] > 0
    assert found["milliseconds"] > 0
    assert "products" in done.output
