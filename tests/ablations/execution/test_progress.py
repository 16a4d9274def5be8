"""The progress display: its figures from events alone, and what it writes on a terminal and on a pipe."""

from __future__ import annotations

import errno
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.execution.events import Evaluated, Event, GroupEnded, GroupStarted, Progressed
from ablations.execution.progress import Display, Tally, duration, group_label, plain_line

SEEDS = (0, 1, 2, 3)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def started(group: str = "adam:0-3", step: int = 0, steps: int = 100) -> GroupStarted:
    return GroupStarted(group=group, variant=group.split(":")[0], seeds=SEEDS, step=step, steps=steps)


def progressed(step: int, seconds: float, group: str = "adam:0-3") -> Progressed:
    return Progressed(group=group, step=step, train_seconds=seconds)


def ended(group: str = "adam:0-3", **diverged: str) -> GroupEnded:
    reasons = {int(seed.removeprefix("seed")): reason for seed, reason in diverged.items()}
    return GroupEnded(
        group=group,
        variant=group.split(":")[0],
        statuses={seed: "diverged" if seed in reasons else "finished" for seed in SEEDS},
        reasons=reasons,
    )


def test_speed_and_time_left_follow_from_events_and_clock() -> None:
    clock = Clock()
    tally = Tally({"adam:0-3": 30.0, "sgd:0-3": 10.0}, clock)
    assert tally.seconds_left is None
    assert tally.speed is None
    tally.add(started())
    clock.now += 10
    tally.add(progressed(50, 8.0))
    assert tally.active["adam:0-3"].speed == pytest.approx(4 * 50 / 8.0)
    assert tally.speed == pytest.approx(4 * 50 / 10)
    assert tally.fraction == pytest.approx(15 / 40)
    assert tally.seconds_left == pytest.approx(10 * 25 / 15)


def test_a_resumed_group_is_not_credited_with_its_earlier_life() -> None:
    clock = Clock()
    tally = Tally({"adam:0-3": 10.0}, clock)
    tally.add(started(step=60))
    tally.add(progressed(70, 700.0))
    assert tally.active["adam:0-3"].speed is None
    clock.now += 5
    tally.add(progressed(80, 701.0))
    assert tally.active["adam:0-3"].speed == pytest.approx(4 * 10 / 1.0)
    assert tally.fraction == pytest.approx(0.8)
    assert tally.seconds_left == pytest.approx(5 * 0.2 / 0.2)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=20).map(sorted), st.booleans())
def test_the_fraction_rises_from_nothing_to_one(steps: list[int], estimated: bool) -> None:
    tally = Tally({"adam:0-3": 7.0 if estimated else 0.0, "sgd:0-3": 0.0}, Clock())
    fractions = [tally.fraction]
    for group in ("adam:0-3", "sgd:0-3"):
        events: list[Event] = [started(group), *(progressed(step, step / 10, group) for step in steps), ended(group)]
        for event in events:
            tally.add(event)
            fractions.append(tally.fraction)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == pytest.approx(1)
    assert not tally.active


def test_a_line_names_variant_seeds_step_speed_score_and_time_left() -> None:
    clock = Clock()
    tally = Tally({"adam:0-3": 10.0}, clock)
    tally.add(started(steps=2_000))
    clock.now += 10
    tally.add(progressed(1_000, 4.0))
    tally.add(Evaluated(group="adam:0-3", step=1_000, scores={"frechet_10k": 123.456}))
    assert plain_line(tally) == (
        " 50% 0/1 groups, 400 seed-steps/s, 10 s left"
        " | adam seeds 0-3 step 1,000/2,000, 1,000 seed-steps/s, score 123.5"
    )


def test_plain_lines_are_few_and_failures_are_never_left_out() -> None:
    clock, stream = Clock(), io.StringIO()
    with Display({"adam:0-3": 10.0, "sgd:0-3": 10.0}, stream=stream, interval=5.0, clock=clock) as display:
        display(started())
        for step in range(1, 100):
            clock.now += 0.1
            display(progressed(step, step / 10))
        display(ended(seed2="non-finite weights at step 99 [bold]"))
    lines = stream.getvalue().splitlines()
    assert len([line for line in lines if "groups" in line]) == 2
    assert "adam seed 2 diverged: non-finite weights at step 99 [bold]" in lines
    assert "\x1b" not in stream.getvalue()


class Gone(io.StringIO):
    """A stream whose disk is full, or whose reader has gone."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, text: str) -> int:
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE])
@pytest.mark.parametrize("terminal", [False, True])
def test_a_display_that_nobody_can_read_says_so_once_and_ends_nothing(
    number: int, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = Gone(number)
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    with Display({"adam:0-3": 10.0}, stream=stream, interval=0.0) as display:
        display(started())
        for step in range(1, 10):
            display(progressed(step, step / 10))
        display(ended(seed0="bad"))
    assert capsys.readouterr().err.count("the progress display cannot be written") == 1
    assert display.tally.fraction == 1


def test_seeds_that_ended_alike_share_a_line() -> None:
    stream = io.StringIO()
    with Display({"adam:0-3": 10.0}, stream=stream) as display:
        display(started())
        display(ended(seed0="bad", seed1="bad", seed3="worse"))
    assert stream.getvalue().splitlines()[1:] == ["adam seeds 0-1 diverged: bad", "adam seed 3 diverged: worse"]


@pytest.mark.parametrize(
    ("seeds", "label"), [((3,), "adam seed 3"), ((4, 5, 6), "adam seeds 4-6"), ((1, 4), "adam seeds 1,4")]
)
def test_labels(seeds: tuple[int, ...], label: str) -> None:
    assert group_label("adam", seeds) == label


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7_500, "2 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


PROGRAM = """
from ablations.execution.events import GroupEnded, GroupStarted, Progressed
from ablations.execution.progress import Display
with Display({"adam:0-1": 10.0}) as display:
    display(GroupStarted(group="adam:0-1", variant="adam", seeds=(0, 1), step=0, steps=8))
    for step in range(1, 9):
        display(Progressed(group="adam:0-1", step=step, train_seconds=step / 4))
    display(GroupEnded(group="adam:0-1", variant="adam", statuses={0: "finished", 1: "failed"},
                       reasons={1: "OSError: no space"}))
"""
ROOT = Path(__file__).parents[3]


def test_on_a_terminal_it_redraws_in_place_and_leaves_only_the_failures() -> None:
    parent, child = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=child, stderr=child, env=environment)
    os.close(child)
    written = b""
    try:
        while part := os.read(parent, 65536):
            written += part
    except OSError:
        pass  # Linux ends the reading side so once the program has closed the other
    finally:
        os.close(parent)
    assert process.wait(timeout=60) == 0
    text = written.decode()
    assert "\x1b[?25l" in text, "the cursor is hidden"
    assert "\x1b[?25h" in text, "the cursor is given back"
    assert "adam seeds 0-1" in text
    visible = [
        line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.split("\x1b[?25h")[-1]).split("\n") if line.strip()
    ]
    assert not visible
    assert "adam seed 1 failed: OSError: no space" in text


def test_on_a_pipe_it_writes_plain_lines() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines() == [
        "  0% 0/1 groups | adam seeds 0-1 step 0/8",
        "adam seed 1 failed: OSError: no space",
    ]
