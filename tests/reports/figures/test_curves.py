"""Lines along training: where they break, and what is written at their end."""

from __future__ import annotations

import math
import re

import pandas as pd

from reports.figures.curves import Line, lines
from reports.figures.palette import Style


def drawn(means: list[float], seeds: list[int], runs: int = 10) -> str:
    frame = pd.DataFrame({"step": range(100, 100 * len(means) + 1, 100), "mean": means, "seeds": seeds, "runs": runs})
    frame["low"], frame["high"] = frame["mean"] - 1, frame["mean"] + 1
    line = Line(variant="sgd", style=Style(1), frame=frame)
    return str(lines([line], title="Score along training", x="step", x_label="step", y_label="score"))


def test_a_line_breaks_where_there_is_no_mean() -> None:
    assert len(re.findall('class="mean"', drawn([3.0, 4.0, 5.0, 6.0], [10] * 4))) == 1
    broken = drawn([3.0, 4.0, math.nan, 6.0], [10, 10, 3, 10])
    assert len(re.findall('class="mean"', broken)) == 2
    assert len(re.findall('class="dot"', broken)) == 1, "a point that stands alone is seen"
    assert "nan" not in broken


def test_a_line_that_ends_with_fewer_seeds_than_runs_says_so() -> None:
    assert "of 10 seeds" not in drawn([3.0, 4.0], [10, 10])
    assert ">6 of 10 seeds<" in drawn([3.0, 4.0], [10, 6])
    assert ">7 of 10 seeds<" in drawn([3.0, 4.0, math.nan], [10, 7, 4])


def test_a_line_without_any_mean_is_named_but_not_drawn() -> None:
    nothing = drawn([math.nan, math.nan], [1, 2])
    assert "sgd: too few scores" in nothing
    assert 'class="mean"' not in nothing
