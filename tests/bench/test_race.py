from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ablations.training.instruction_set import VARIABLES, default_instruction_set
from bench.limit import Limits
from bench.peers import PEERS
from bench.race import HEADER, race, row
from bench.small import training_data
from bench.timing import take_turns, time_block, units_for

LIMITS = Limits(products={"highest": 1e11}, errors={"highest": 1e-7}, bandwidth={1: 1e10})


class Clocks:
    """Of the processor and of the wall, moved on by work alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpu = self.wall = 0.0
        monkeypatch.setattr(time, "process_time", lambda: self.cpu)
        monkeypatch.setattr(time, "perf_counter", lambda: self.wall)

    def work(self, cpu: float, wall: float) -> None:
        self.cpu, self.wall = self.cpu + cpu, self.wall + wall


def test_contestants_take_turns_and_the_order_alternates(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks, order = Clocks(monkeypatch), list[str]()

    def first(units: int) -> None:
        order.append("A")
        clocks.work(0.25 * units, 0.5 * units)

    def second(units: int) -> None:
        order.append("B")
        clocks.work(0.5 * units, 0.5 * units)

    a, b = take_turns(first, second, pairs=6, seconds=4.0)
    assert "".join(order[-12:]) == "ABBA" * 3
    assert a.cpu.shape == a.wall.shape == b.cpu.shape == (6,)
    assert {*a.cpu} == {0.25}
    assert {*b.cpu} == {*a.wall} == {*b.wall} == {0.5}


def test_of_a_block_the_seconds_of_one_unit_are_told_by_both_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    assert time_block(lambda units: clocks.work(0.25 * units, 2.0 * units), 4) == (0.25, 2.0)


def test_a_block_has_about_the_length_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the wall; work that slows down counts as it is in the blocks that are long enough."""
    clocks = Clocks(monkeypatch)
    assert units_for(lambda units: clocks.work(0.0, 0.25 * units), 10.0) == 40
    assert units_for(lambda units: clocks.work(0.0, 20.0), 1.0) == 1
    assert units_for(lambda units: clocks.work(0.0, (0.25 if units < 8 else 0.5) * units), 10.0) == 20


@pytest.mark.parametrize("name", ["s1", "s4", "cnn"])
def test_a_race_tells_both_times_their_ratio_and_the_floor(name: str, tmp_path: Path) -> None:
    dataset, folder = training_data(True, tmp_path)
    outcome = race(name, dataset, folder, LIMITS, device="cpu", pairs=3, seconds=0.01)
    assert outcome.speedup.low <= outcome.speedup.estimate <= outcome.speedup.high
    assert outcome.speedup.estimate == pytest.approx(outcome.peer / outcome.harness, rel=0.5)
    assert outcome.achieved == pytest.approx(outcome.floor / outcome.harness)
    widths = outcome.widths or {PEERS[name].widths[0]: 0.0}
    assert outcome.width == min(widths, key=widths.__getitem__)
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
