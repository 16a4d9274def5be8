"""Seeds until decided."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ablations.config import Contrast
from ablations.config.errors import ConfigError
from reports.analysis.agreement import DEPENDS
from reports.analysis.cost import expected
from reports.analysis.decision_rules import Rules
from reports.analysis.looks import Plan, follow
from reports.analysis.scenarios import SCENARIOS
from reports.analysis.simulated import decided, followed, measured
from reports.analysis.verdicts import Scores, compare

MEANS = {"r": 20.0, "far": 60.0, "same": 20.0, "near": 19.0}
PLAN = Plan(looks=(5, 10, 20), reference_factor=1)


def contrasts(*treatments: str) -> list[Contrast]:
    return [Contrast(axis="a", question="q", treatment=name, reference="r") for name in treatments]


def scores(seeds: int, *names: str) -> dict[str, dict[int, float]]:
    """Of normal noise; the first seeds are the same for any number of them."""
    table = {
        name: np.random.default_rng([number, 7]).normal(mean, 1, 200)
        for number, (name, mean) in enumerate(MEANS.items())
    }
    return {name: {seed: float(table[name][seed]) for seed in range(seeds)} for name in ("r", *names)}


def test_a_study_begins_by_asking_for_the_seeds_of_its_first_look() -> None:
    progress = follow({}, contrasts("far", "same"), Plan())
    assert progress.looks == 0
    assert progress.wanted == {"far": 5, "same": 5, "r": math.ceil(5 * math.sqrt(2))}


def test_what_is_decided_asks_for_no_more_seeds() -> None:
    progress = follow(scores(5, "far", "near"), contrasts("far", "near"), PLAN)
    assert [path.state for path in progress.paths] == ["decided", "open"]
    assert progress.wanted == {"near": 10, "r": 10}
    assert progress.open == tuple(contrasts("near"))
    assert progress.paths[0].last is not None
    assert progress.paths[0].last.verdict == "worse"


def test_a_study_taken_up_again_goes_the_same_way() -> None:
    """Whether all runs are there at once, or as many as were asked for."""
    asked = contrasts("far", "same", "near")
    whole = follow(scores(20, "far", "same", "near"), asked, PLAN)
    table = scores(20, "far", "same", "near")
    have: dict[str, dict[int, float]] = {}
    progress = follow(have, asked, PLAN)
    while progress.wanted:
        for name, seeds in progress.wanted.items():
            have[name] = {seed: table[name][seed] for seed in range(seeds)}
        progress = follow(have, asked, PLAN)
    assert [path.comparisons for path in progress.paths] == [path.comparisons for path in whole.paths]
    assert sum(map(len, have.values())) < 80
    assert not progress.open


def test_a_look_waits_for_all_its_runs_and_not_for_those_that_diverged() -> None:
    table = scores(5, "far")
    del table["far"][2]
    assert follow(table, contrasts("far"), PLAN).looks == 0
    assert follow(table, contrasts("far"), PLAN, statuses={"far": {2: "interrupted"}}).looks == 0
    assert follow(table, contrasts("far"), PLAN, statuses={"far": {2: "diverged"}}).looks == 1


def moved(table: Scores, by: float) -> Scores:
    """The same scores, those of `far` shifted."""
    return {name: {seed: value + by * (name == "far") for seed, value in own.items()} for name, own in table.items()}


def test_a_contrast_is_decided_once_both_kinds_of_features_have_decided_it() -> None:
    """The first kind has at the first look; the second, which sees 19 against 20, at the last."""
    table = scores(20, "far", "near")
    second = {"r": table["r"], "far": table["near"]}
    (path,) = follow(table, contrasts("far"), PLAN, second=second).paths
    assert (path.state, len(path.comparisons)) == ("decided", 3)
    assert {item.verdict for item in path.comparisons} == {DEPENDS}
    early = scores(5, "far")
    assert follow(early, contrasts("far"), PLAN, second=second).open == tuple(contrasts("far"))
    assert not follow(early, contrasts("far"), PLAN, second=early).open


def test_class_shares_that_move_the_other_way_make_it_depend_and_hold_nothing_up() -> None:
    table = scores(5, "far", "near")
    for shares, verdict in ((moved(table, -80.0), DEPENDS), ({"r": table["r"], "far": table["near"]}, "worse")):
        path = follow(table, contrasts("far"), PLAN, shares=shares).paths[0]
        assert path.last is not None
        assert (path.state, path.last.verdict) == ("decided", verdict)


@pytest.mark.parametrize(
    ("first", "second", "state", "verdict"), [(40, 20, "decided", "worse"), (20, 40, "open", DEPENDS)]
)
def test_the_noise_floor_bounds_the_first_score_alone(first: float, second: float, state: str, verdict: str) -> None:
    """`far` lies 40 above the reference, the floor is 30."""
    one, other = (moved(scores(5, "far"), by - 40) for by in (first, second))
    path = follow(one, contrasts("far"), PLAN, Rules(noise_floor=30.0), second=other).paths[0]
    assert path.last is not None
    assert (path.state, path.last.verdict) == (state, verdict)


def test_the_last_look_closes_what_is_open() -> None:
    progress = follow(
        scores(20, "near"),
        contrasts("near"),
        Plan(looks=(5, 10, 20), reference_factor=1, hope=0.0),
        Rules(difference=0.01),
    )
    path = progress.paths[0]
    assert (path.state, len(path.comparisons)) == ("closed", 3)
    assert progress.wanted == {}


def test_a_contrast_without_hope_is_closed_early() -> None:
    progress = follow(scores(20, "same"), contrasts("same"), PLAN, Rules(difference=1e-4))
    path = progress.paths[0]
    assert path.state == "closed"
    assert len(path.comparisons) < 3


def test_runs_that_may_decide_by_their_statuses_keep_a_contrast_open() -> None:
    statuses = {"same": {0: "collapsed"}}
    progress = follow(scores(5, "same"), contrasts("same"), PLAN, Rules(difference=1e-4), statuses)
    assert progress.paths[0].state == "open"


def test_a_plan_with_one_look_is_a_study_without_looks() -> None:
    table = scores(20, "far", "near")
    asked = contrasts("far", "near")
    progress = follow(table, asked, Plan(looks=(20,), reference_factor=1))
    assert tuple(path.last for path in progress.paths) == compare(table, asked)


def test_the_looks_share_the_whole_error() -> None:
    plan = Plan.up_to(40)
    shares = [plan.share(look) for look in range(len(plan.looks))]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares)
    assert Plan.up_to(10).looks == (5, 8, 10)


@pytest.mark.parametrize("looks", [(), (4, 8), (8, 8), (10, 5)])
def test_looks_that_are_none_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="they must increase"):
        Plan(looks=looks)


def test_a_reference_has_no_fewer_seeds_than_its_treatments() -> None:
    with pytest.raises(ConfigError, match="reference factor of 0"):
        Plan(reference_factor=0.5)
    assert Plan().reference_seeds(10, 9) == 30
    assert Plan(reference_factor=1).reference_seeds(10, 9) == 10


def test_the_simulation_decides_as_the_real_looks_do() -> None:
    """The arrays of `simulated` against `follow`, study by study."""
    drawn = SCENARIOS["more reference seeds"].draw(np.random.default_rng(1), "exponential", 3, 16)
    moved = drawn.treatments + 10 + np.linspace(0, 12, 8)[:, None]
    plan, rules = Plan(looks=(5, 16)), Rules()
    arrays = type(drawn)(treatments=moved, reference=drawn.reference + 10, effects=drawn.effects)
    for look, seeds in enumerate(plan.looks):
        theirs = plan.reference_seeds(seeds, 8)
        found = decided(arrays, rules, rules.alpha * plan.share(look) / 8, measured(arrays, seeds, theirs), theirs)
        for study in range(3):
            table = {str(k): dict(enumerate(map(float, row))) for k, row in enumerate(moved[study])}
            table["r"] = dict(enumerate(map(float, arrays.reference[study])))
            for k, path in enumerate(follow(table, contrasts(*map(str, range(8))), plan).paths):
                if look < len(path.comparisons):
                    interval = path.comparisons[look].interval
                    expected_bounds = (found.low[study, k], found.high[study, k])
                    assert (interval.low, interval.high) == pytest.approx(expected_bounds)


def test_over_all_looks_at_most_five_studies_in_a_hundred_are_false() -> None:
    for shape in ("normal", "lognormal"):
        drawn = SCENARIOS["quiet reference"].draw(np.random.default_rng(2), shape, 2_000, 20)
        cell = followed(drawn, Plan.up_to(20), Rules())
        assert cell.false.count <= stats.binom.ppf(0.999, 2_000, 0.05)
        assert cell.covered.count >= stats.binom.ppf(0.001, 2_000, 0.95)


def test_until_decided_costs_fewer_runs_than_all_at_once() -> None:
    """And finds the differences that are far from the noise all the same."""
    means, deviations = [20.0, 60.0, 20.0, 12.0, 20.5], [2.0] * 5
    at_once = expected(means, deviations, Plan(looks=(20,), reference_factor=1), Rules(), np.random.default_rng(3), 200)
    looks = expected(means, deviations, Plan.up_to(20, reference_factor=1), Rules(), np.random.default_rng(3), 200)
    assert at_once.runs == 100
    assert looks.runs < 70
    assert looks.seeds[0] < looks.seeds[2]
    for found in (at_once, looks):
        assert min(found.chances[0], found.chances[2]) > 0.98
