"""The proof: small forms of its tables, and what the stored page says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from reports.analysis.axes_page import PLANS, axes, axis_rows
from reports.analysis.decision_rules import Rules
from reports.analysis.distributions import DEVIATIONS, DISTRIBUTIONS
from reports.analysis.ended import STUDIES, collapsing
from reports.analysis.others import max_t_gain, sign_flips, student
from reports.analysis.published_axes import read, replay, rows
from reports.analysis.scenarios import SCENARIOS
from reports.analysis.simulate import SEEDS, TABLES, TARGET, errors, generator
from reports.analysis.simulated import share, study
from reports.analysis.statistics_page import page


@pytest.mark.parametrize("shape", DISTRIBUTIONS)
def test_the_distributions_have_mean_0_and_the_deviation_that_is_said(shape: str) -> None:
    values = DISTRIBUTIONS[shape](np.random.default_rng(1), (2_000_000,))
    assert abs(values.mean()) < 0.01 * DEVIATIONS[shape]
    assert values.std() == pytest.approx(DEVIATIONS[shape], rel=0.05)


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_are_true_to_their_effects(name: str) -> None:
    drawn = SCENARIOS[name].draw(np.random.default_rng(2), "exponential", 4_000, 12)
    found = drawn.treatments.mean(axis=(0, 2)) - drawn.reference.mean()
    assert found == pytest.approx(drawn.effects, abs=0.05)
    assert drawn.treatments.shape[1] == len(drawn.effects)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("seeds", [5, 13, 30])
def test_at_most_five_studies_in_a_hundred_are_false(name: str, seeds: int) -> None:
    """The hardest distribution; `simulate` has the others, and more draws."""
    cell = study(SCENARIOS[name].draw(generator("test", name, seeds), "lognormal", 4_000, seeds), Rules())
    assert cell.false.count <= stats.binom.ppf(0.999, 4_000, 0.05)
    assert cell.covered.count >= stats.binom.ppf(0.001, 4_000, 0.95)


@pytest.mark.parametrize("item", STUDIES, ids=lambda item: item.name)
def test_collapsing_runs_make_no_false_verdicts(item: object) -> None:
    chosen = next(study for study in STUDIES if study is item)
    cell = collapsing(chosen, "lognormal", 150, 12, Rules(), generator("test", chosen.name))
    assert cell.false.count <= stats.binom.ppf(0.999, 150, 0.05)


def test_the_methods_not_taken_err_where_the_taken_one_does_not() -> None:
    random = np.random.default_rng(3)
    drawn = SCENARIOS["quiet reference"].draw(random, "lognormal", 300, 20)
    assert student(drawn, 0.05).value > 0.25
    assert sign_flips(drawn, 0.05, random, flips=199).value > 0.25
    fair = SCENARIOS["same distribution"].draw(random, "normal", 300, 20)
    assert sign_flips(fair, 0.05, random, flips=199).count <= stats.binom.ppf(0.999, 300, 0.05)


@pytest.mark.parametrize("correlation", [0.1, 0.5])
def test_the_max_t_distribution_is_dunnetts(correlation: float) -> None:
    """Whose distribution function is an integral over what the contrasts have in common."""
    gain = max_t_gain(8, correlation, 0.05, 400_000, np.random.default_rng(4))
    point = (1 - gain) * stats.norm.ppf(1 - 0.05 / 16)
    rest = math.sqrt(1 - correlation)

    def density(common: float) -> float:
        centre = math.sqrt(correlation) * common
        inside = stats.norm.cdf((point - centre) / rest) - stats.norm.cdf((-point - centre) / rest)
        return float(stats.norm.pdf(common) * inside**8)

    assert integrate.quad(density, -8, 8)[0] == pytest.approx(0.95, abs=0.002)


def test_wilsons_interval_holds_the_share() -> None:
    found = share(np.arange(2_000) < 100)
    low, high = found.wilson()
    assert (found.value, found.draws) == (0.05, 2_000)
    assert low < 0.05 < high < 0.061


def test_the_replay_of_the_axes_needs_at_most_half_of_the_runs_for_the_same_answers() -> None:
    stored = read()
    again = replay(stored, PLANS["until decided, at most 20"], Rules())
    assert again.runs_at_once == 660
    assert again.runs <= 330
    assert again.kept == again.decided_at_once
    assert len(axis_rows(stored, again)) == 32
    assert "the same verdict" in axes(stored, again)


def test_the_stored_table_keeps_the_promise() -> None:
    """At most 5% false studies in each cell, Wilson's upper bound at most 6%, coverage at least 94%."""
    cells = rows(TARGET / "errors.csv")
    assert {row["scenario"] for row in cells} >= {*SCENARIOS, *(item.name for item in STUDIES)}
    for row in cells:
        assert int(row["draws"]) >= 2_000, row
        assert float(row["share"]) <= 0.05, row
        assert float(row["high"]) <= 0.06, row
        assert float(row["covered"]) >= 0.94, row


def test_the_stored_page_is_of_the_stored_tables() -> None:
    text = (TARGET / "README.md").read_text(encoding="utf-8")
    again = page(*(rows(TARGET / f"{name}.csv") for name in TABLES))
    tables = [line for line in again.splitlines() if line.startswith("|")]
    cells = sum(line.count(" | ") for line in tables if line[2:].split(" ")[0] in {"0.5", "1.5", "10", "found"})
    assert cells == 4 * 2 * len(SEEDS), "power has two tables"
    assert len(tables) > 100
    assert [line for line in text.splitlines() if line.startswith("|")][: len(tables)] == tables


def test_cells_have_streams_of_their_own() -> None:
    first = [next(errors(0.01)) for _ in range(2)]
    assert first[0] == first[1]
    assert generator("a", 5).random() != generator("a", 8).random()
