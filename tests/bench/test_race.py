from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ablations.training.instruction_set import VARIABLES, default_instruction_set
from bench.limit import Limits
from bench.race import HEADER, race, row
from bench.small import training_data
from bench.timing import take_turns, time_block, units_for

LIMITS = Limits(products={"highest": 1e11}, errors={"highest": 1e-7}, bandwidth={1: 1e10})


def spin(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_contestants_take_turns_and_the_order_alternates() -> None:
    order: list[str] = []

    def first(units: int) -> None:
        order.append("A")
        spin(2e-3 * units)

    def second(units: int) -> None:
        order.append("B")
        spin(4e-3 * units)

    a, b = take_turns(first, second, pairs=6, seconds=0.004)
    assert "".join(order[-12:]) == "ABBA" * 3
    assert a.cpu.shape == a.wall.shape == b.cpu.shape == (6,)
    assert np.median(b.cpu) / np.median(a.cpu) == pytest.approx(2, rel=0.1)


def test_a_sleep_costs_wall_time_only() -> None:
    cpu, wall = time_block(lambda units: time.sleep(0.02 * units), 2)
    assert wall >= 0.02
    assert cpu < 0.5 * wall


def test_a_block_has_about_the_length_that_was_asked_for() -> None:
    assert units_for(lambda units: time.sleep(1e-3 * units), 0.05) == pytest.approx(40, rel=0.5)
    assert units_for(lambda units: time.sleep(0.02), 0.001) == 1


@pytest.mark.parametrize("name", ["s1", "s4", "cnn"])
def test_a_race_tells_both_times_their_ratio_and_the_floor(name: str, tmp_path: Path) -> None:
    dataset, folder = training_data(True, tmp_path)
    outcome = race(name, dataset, folder, LIMITS, device="cpu", pairs=3, seconds=0.01)
    assert outcome.speedup.low <= outcome.speedup.estimate <= outcome.speedup.high
    assert outcome.speedup.estimate == pytest.approx(outcome.peer / outcome.harness, rel=0.5)
    assert outcome.achieved == pytest.approx(outcome.floor / outcome.harness)
    assert outcome.width in (outcome.widths or {16: 0, 5: 0})
    assert len(row(outcome)) == len(HEADER)


def test_without_limits_the_floor_is_left_open(tmp_path: Path) -> None:
    dataset, folder = training_data(True, tmp_path)
    outcome = race("s4", dataset, folder, None, device="cpu", pairs=2, seconds=0.01)
    assert row(outcome)[-3:] == ("-", "-", "-")


def test_bfloat16_races_where_the_processor_has_units_for_it(tmp_path: Path) -> None:
    if default_instruction_set("bfloat16") not in ("avx512_bf16", "amx_bf16"):
        pytest.skip("this processor has no bfloat16 units")
    program = f"""
from pathlib import Path
from bench.race import race
from bench.small import training_data
dataset, folder = training_data(True, Path({str(tmp_path)!r}))
outcome = race("s4", dataset, folder, None, device="cpu", pairs=2, seconds=0.01, precision="bfloat16")
print(outcome.harness > 0)
"""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr
