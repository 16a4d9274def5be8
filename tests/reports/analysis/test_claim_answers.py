"""The claims: their data against the catalog, and their answers against results made up to order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ablations.catalog import STUDIES
from ablations.catalog.claims import CLAIMS
from ablations.catalog.metrics import find
from ablations.catalog.quantities import CURVES
from ablations.config.claim import Check, Curve, Value, studies_of
from ablations.config.study import evaluation_steps
from reports.analysis.claim_answers import answer
from reports.analysis.claim_measures import lacking
from reports.analysis.decision_rules import Rules
from reports.pages.claim_rows import claims_frame, effect, evidence
from reports.pages.claims_page import build_claims
from tests.reports import factories
from tests.reports.analysis.made_claims import LOWER, SEEDS, claim, noise, run, runs

DOCUMENTED = (
    *("S0-a", "S0-b", "S0-c", "S1-a", "S1-b", "S1-c", "S1-d", "S1-e", "S1-q", "S2-a", "S2-b"),
    *("S2-printed", "S3-a", "S3-b", "S3-c", "S4-a", "S4-b", "S4-slip"),
)


def test_every_claim_of_the_documents_is_there_once() -> None:
    names = [item.name for item in CLAIMS]
    assert len(set(names)) == len(names)
    assert set(DOCUMENTED) <= set(names)
    for item in CLAIMS:
        assert item.tests or item.beyond, f"{item.name} has neither a test nor a reason"


def test_the_tests_name_what_the_catalog_trains_and_the_recorder_records() -> None:
    for study, variants in studies_of(CLAIMS).items():
        assert variants <= {variant.name for variant in STUDIES[study].variants}
    for item in (side for one in CLAIMS for test in one.tests for side in (test.measure, test.against)):
        if isinstance(item, Value):
            study, _, name = item.of.partition("/")
            asked = STUDIES[study]
            steps = evaluation_steps(asked.variant(name).steps, asked.evaluations, asked.scored_steps)
            assert item.step is None or item.step in steps, item
            assert item.metric == "score" or find(item.metric) or item.metric == "worst_label_accuracy", item
        elif isinstance(item, Curve):
            assert item.curve in (*CURVES, "d_loss")
            assert 0 <= item.start < item.stop <= 1


@pytest.mark.parametrize(
    ("shift", "answers", "counted"),
    [
        (-5.0, ("confirmed", "refuted"), ("1 for it", "1 against it")),
        (5.0, ("refuted", "confirmed"), ("1 against it", "1 for it")),
        (0.0, ("not shown",) * 2, ("1 not shown",) * 2),
    ],
)
def test_a_shift_decides_and_a_denied_claim_turns_the_answer(
    shift: float, answers: tuple[str, str], counted: tuple[str, str]
) -> None:
    found = runs(a=lambda s: 20 + shift + noise(s), b=lambda s: 20 + noise(s, 1))
    got = [answer([claim(LOWER, denied=denied)], found)[0] for denied in (False, True)]
    assert tuple(item.answer for item in got) == answers
    assert tuple(item.counted for item in got) == counted


def test_of_a_denied_claim_too_it_depends_where_tests_speak_both_ways() -> None:
    found = runs(a=lambda s: 15 + noise(s), b=lambda s: 20 + noise(s, 1))
    contrary = Check(says="b below a", measure=Value(of="s/b"), expect="lower", against=Value(of="s/a"))
    item = answer([claim(LOWER, contrary, denied=True)], found)[0]
    assert (item.answer, item.counted) == ("depends", "1 for it, 1 against it")
    assert item.depends_on == "For the claim: “b below a”. Against the claim: “a below b”"


def test_tests_without_data_share_the_error_from_the_start_so_that_later_runs_turn_no_outcome() -> None:
    now = runs(a=lambda s: 19 + noise(s), b=lambda s: 20 + noise(s, 1))
    later = now | runs(c=lambda s: 10 + noise(s, 2), d=lambda s: 20 + noise(s, 3))
    other = Check(says="c below d", measure=Value(of="s/c"), expect="lower", against=Value(of="s/d"))
    ours, theirs = (answer([claim(LOWER), claim(other)], found)[0].tests[0] for found in (now, later))
    assert ours == theirs
    alone = answer([claim(LOWER)], now)[0].tests[0]
    assert ours.interval.low < alone.interval.low
    assert ours.interval.high > alone.interval.high


def test_a_cell_has_the_difference_by_both_kinds_of_features_and_says_how_many_seeds_are_lower() -> None:
    columns = ("balanced_frechet_10k", "contrastive_balanced_frechet_10k")
    found = {
        f"s/{name}": {
            seed: run(seed, 1.0, metrics={columns[0]: at + noise(seed, salt), columns[1]: 30 + noise(seed, salt + 9)})
            for seed in range(seeds)
        }
        for salt, (name, at, seeds) in enumerate([("a", 10.0, SEEDS + 4), ("b", 20.0, SEEDS)])
    }
    tested = answer([claim(LOWER)], found)[0].tests[0]
    assert tested.comparison is not None
    assert tested.measured == pytest.approx(np.mean([10 + noise(seed) for seed in range(SEEDS + 4)])), (
        "of all its seeds"
    )
    assert tested.difference == tested.comparison.effect
    first, second = effect(tested).split("; by the label-free features ")
    assert first.startswith(f"{tested.measured:.3g} against ")
    assert tested.outcome == "not shown", "by the other kind of features there is nothing"
    assert second.startswith(("+", "\N{MINUS SIGN}"))
    assert f", lower in {SEEDS};" in evidence(tested)
    assert evidence(tested).count(" and ") == 1, "both p values"


def test_a_side_without_any_score_says_so_and_has_no_empty_numbers() -> None:
    found = runs(a=lambda s: 10 + noise(s), b=lambda s: 20 + noise(s, 1))
    lost = {seed: dataclasses.replace(item, status="diverged") for seed, item in found["s/b"].items()}
    tested = answer([claim(LOWER)], found | {"s/b": lost})[0].tests[0]
    assert effect(tested).endswith(" against no score")
    assert "\N{EN DASH}" not in effect(tested) + evidence(tested)
    assert f"0 and {SEEDS} runs without a score: p < 0.001" in evidence(tested)


def test_the_rule_of_the_answers() -> None:
    found = runs(a=lambda s: 8 + noise(s), b=lambda s: 20 + noise(s, 1), c=lambda s: 20 + noise(s, 2))
    nothing = Check(says="c below b", measure=Value(of="s/c"), expect="lower", against=Value(of="s/b"))
    contrary = Check(says="b below a", measure=Value(of="s/b"), expect="lower", against=Value(of="s/a"))
    assert answer([claim(LOWER, nothing)], found)[0].answer == "not shown"
    assert answer([claim(LOWER, nothing, contrary)], found)[0].answer == "depends"
    assert answer([claim(contrary)], found)[0].answer == "refuted"
    assert answer([claim(nothing, contrary)], found)[0].answer == "not shown"
    assert answer([claim(nothing, contrary, rule="every case")], found)[0].answer == "refuted"
    assert answer([claim(LOWER, kind="question")], found)[0].answer == "described"
    some = [claim(*tests, rule="some case") for tests in ((LOWER, nothing, contrary), (contrary,), (nothing, contrary))]
    assert [item.answer for item in answer(some, found)] == ["confirmed", "refuted", "not shown"]


def test_each_setting_has_an_answer_of_its_own() -> None:
    found = runs(a=lambda s: 8 + noise(s), b=lambda s: 20 + noise(s, 1))
    contrary = Check(setting="batch 1", says="b", measure=Value(of="s/b"), expect="lower", against=Value(of="s/a"))
    item = answer([claim(dataclasses.replace(LOWER, setting="batch 64"), contrary)], found)[0]
    assert item.settings == {"batch 64": "confirmed", "batch 1": "refuted"}
    assert item.answer == "depends"
    assert answer([claim(LOWER)], found)[0].settings == {}


def test_without_runs_a_claim_is_not_answered_and_missing_tests_do_not_confirm() -> None:
    assert answer([claim(LOWER)], {})[0].answer == "not trained yet"
    assert answer([claim(beyond="No number.")], {})[0].answer == "cannot be tested here"
    absent = Check(says="z", measure=Value(of="s/z"), expect="lower", against=Value(of="s/b"))
    found = runs(a=lambda s: 10 + noise(s), b=lambda s: 20 + noise(s, 1))
    item = answer([claim(LOWER, absent)], found)[0]
    assert (item.answer, item.tests[1].lacks) == ("not trained yet", "no run of s/z is stored")
    unmeasured = Value(of="s/a", metric="coverage", step=50)
    assert lacking(unmeasured, found) == "no finished run of s/a has coverage at step 50"
    assert lacking(Value(of="s/a"), found) == lacking(1.0, found) == ""


def test_too_few_seeds_show_nothing() -> None:
    found = {name: dict(list(own.items())[:3]) for name, own in runs(a=lambda s: 1.0 + s / 99, b=lambda s: 9).items()}
    (item,) = answer([claim(LOWER)], found)
    assert (item.answer, item.tests[0].outcome) == ("not shown", "too few scores")


def test_a_difference_of_scores_below_the_noise_floor_shows_nothing() -> None:
    found = runs(a=lambda s: 19.9 + noise(s) / 1e4, b=lambda s: 20 + noise(s, 1) / 1e4)
    assert answer([claim(LOWER)], found, Rules(noise_floor=0.05))[0].answer == "confirmed"
    assert answer([claim(LOWER)], found, Rules(noise_floor=0.2))[0].answer == "not shown"


def test_equal_means_within_the_margin() -> None:
    same = Check(says="same", measure=Value(of="s/a"), expect="equal", against=Value(of="s/b"))
    close = runs(a=lambda s: 20 + 0.1 * noise(s), b=lambda s: 20 + 0.1 * noise(s, 1))
    far = runs(a=lambda s: 30 + 0.1 * noise(s), b=lambda s: 20 + 0.1 * noise(s, 1))
    unsure = runs(a=lambda s: 20 + 9 * noise(s), b=lambda s: 20 + 9 * noise(s, 1))
    assert [answer([claim(same)], found)[0].answer for found in (close, far, unsure)] == [
        "confirmed",
        "refuted",
        "not shown",
    ]
    small = runs(a=lambda s: 20.5 + 0.1 * noise(s), b=lambda s: 20 + 0.1 * noise(s, 1))
    (item,) = answer([claim(same)], small)
    assert item.tests[0].interval.excludes(0.0)
    assert item.answer == "confirmed", "a sure difference of a fortieth is within the margin of a tenth"
    edge = runs(a=lambda s: 22.5 + 0.1 * noise(s), b=lambda s: 20 + 0.9 * noise(s, 1))
    assert answer([claim(same)], edge)[0].answer == "not shown", "the margin lies within the interval"


def test_a_printed_figure_may_be_one_more_seeds() -> None:
    """The prediction interval holds a fresh seed's number about 95% of the time."""
    held = 0
    for trial in range(400):
        rng = np.random.default_rng(trial)
        numbers, fresh = 3 + rng.normal(size=SEEDS), float(3 + rng.normal())
        printed = Check(says="printed", measure=Value(of="s/a"), expect="among", against=fresh)
        made = {"s/a": {seed: run(seed, float(number)) for seed, number in enumerate(numbers)}}
        held += answer([claim(printed)], made)[0].answer == "confirmed"
    assert 0.92 < held / 400 < 0.98


def test_the_page_shows_every_claim_and_every_test(tmp_path: Path) -> None:
    study = dataclasses.replace(factories.quick_study(), name="long-axes")
    study = dataclasses.replace(
        study, variants=tuple(v.override({}, name=v.name.replace("_", "-")) for v in study.variants), contrasts=()
    )
    found = build_claims({"long-axes": factories.stored(study)}, tmp_path)
    html, markdown = (tmp_path / "claims.html").read_text(), (tmp_path / "claims.md").read_text()
    for item in found:
        assert f'id="{item.claim.name.lower()}"' in html
        assert f"## {item.claim.name}\n" in markdown
    assert "nan" not in markdown.lower()
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert len(claims_frame(found)) == sum(max(1, len(item.tests)) for item in found)
    answers = {item.claim.name: item.answer for item in found}
    assert (answers["S3-c"], answers["S2-b"]) == ("cannot be tested here", "not trained yet")
    assert answers["S0-b"] == "not trained yet", "the half that needs another study has no data"
