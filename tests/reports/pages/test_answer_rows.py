"""What stands beside the verdicts of a study."""

from __future__ import annotations

import dataclasses

import pytest

from ablations.config import Engine
from reports.analysis.findings import find
from reports.figures.overview import overview
from reports.pages import sections, study_page
from reports.pages.answers import in_brief, minutes_a_seed, rows, seconds_a_seed
from tests.reports.factories import quick_study, stored


def test_one_more_seed_costs_its_own_minutes_and_its_share_of_the_references() -> None:
    """The baseline's, two of which come with each seed, serve both variants: 300 + 120 and 60 + 120 seconds."""
    study = quick_study(seeds=5, steps=100).restricted({"baseline", "mse", "batch_norm"})
    study = dataclasses.replace(study, reference_seeds=10, evaluations=1)
    made = stored(study, scores={"baseline": 180.0, "mse": 186.0, "batch_norm": 176.0})
    seconds = {"baseline": 120.0, "mse": 300.0, "batch_norm": 60.0}
    results = tuple(dataclasses.replace(item, train_seconds=seconds[item.run.variant.name]) for item in made.results)
    found = find(dataclasses.replace(made, results=results))
    costs = [minutes_a_seed(item, found, seconds_a_seed(found)) for item in found.comparisons]
    assert costs == [pytest.approx(7.0), pytest.approx(3.0)]
    for row, minutes in zip(rows(found), (7, 3), strict=True):
        more = row.answer.main.more_seeds
        assert more is not None
        assert f"{more} more seed" in row.power
        assert row.power.endswith(f", about {minutes * more} minutes.")


def test_in_brief_a_question_has_the_means_of_both_sides_or_how_their_runs_ended() -> None:
    study = quick_study(seeds=8, steps=100).restricted({"baseline", "mse", "sgd"})
    found = find(stored(study, statuses={("sgd", seed): "diverged" for seed in range(8)}))
    mse, sgd = in_brief(found)
    means = [found.spreads[name].mean for name in ("mse", "baseline")]
    assert mse.images.startswith("{:.0f} instead of {:.0f} (".format(*means))
    assert (mse.question, mse.verdict) == ("MSE instead of BCE", found.comparisons[0].verdict)
    assert sgd.verdict == "worse"
    assert "sgd: 8 diverged of 8" in sgd.images
    assert sgd.shares == "\N{EN DASH}"


def test_the_picture_of_all_variants_has_the_best_first_and_says_what_was_lost() -> None:
    study = quick_study(seeds=3, steps=100).restricted({"baseline", "cnn", "sgd"})
    found = find(stored(study, statuses={("sgd", seed): "failed" for seed in (0, 2)}))
    markup = str(overview(found, ["sgd", "baseline", "cnn"]))
    names = [markup.index(f">{name}<") for name in ("cnn", "baseline", "sgd")]
    assert names == sorted(names)
    assert ">2 of 3 lost<" in markup
    assert "\N{INFINITY}" not in markup


def test_what_is_drawn_is_of_all_runs_collapsed_ones_too() -> None:
    """A collapsed run is one that draws too few classes: without it the others' would be all that is told."""
    study = quick_study(seeds=3, steps=100).restricted({"baseline", "mse"})
    made = stored(study)
    results = []
    for item in made.results:
        gone = item.run.variant.name == "mse" and item.run.seed == 1
        shares = {f"class_{digit}": float(digit == 0) if gone else 0.1 for digit in range(10)}
        drawn = {**shares, "readable": 1.0, "mode_count_10k": 1.0 if gone else 10.0}
        last = dataclasses.replace(item.evaluations[-1], metrics={**item.evaluations[-1].metrics, **drawn})
        results.append(dataclasses.replace(item, evaluations=(*item.evaluations[:-1], last)))
    found = find(dataclasses.replace(made, results=tuple(results)))
    assert [item.variant for item in found.failures] == ["mse"]
    table = sections.class_shares(found)
    assert table.metrics[0] == "readable"
    by_name = {name: dict(zip(table.metrics, values, strict=True)) for name, values in table.rows}
    assert by_name["mse"]["class_0"] == pytest.approx(0.4)
    assert sections.drawn(found, "mse") == {"classes": 7.0, "readable": 1.0}


def test_a_variant_that_differs_in_its_precision_alone_is_not_called_the_reference() -> None:
    study = quick_study(seeds=2, steps=100).restricted({"baseline", "mse"})
    exact = study.variant("baseline")
    coarse = dataclasses.replace(exact, name="baseline-bfloat16")
    made = stored(dataclasses.replace(study, variants=(exact, coarse), contrasts=()))
    engines = {"baseline": Engine(), "baseline-bfloat16": Engine(precision="bfloat16")}
    results = [
        dataclasses.replace(item, run=dataclasses.replace(item.run, engine=engines[item.run.variant.name]))
        for item in made.results
    ]
    found = find(dataclasses.replace(made, results=tuple(results)))
    assert [study_page._about(found, variant, exact) for variant in (exact, coarse)] == [
        "the reference",
        "operands in bfloat16",
    ]


def test_two_sides_that_draw_different_numbers_of_classes_are_told() -> None:
    whole = stored(quick_study())
    fewer = tuple(
        dataclasses.replace(
            item,
            evaluations=tuple(
                dataclasses.replace(one, metrics={**one.metrics, "mode_count_10k": 7.0}) for one in item.evaluations
            ),
        )
        if item.run.variant.name == "cnn"
        else item
        for item in whole.results
    )
    told = {
        row.answer.main.contrast.treatment: row.caveat for row in rows(find(dataclasses.replace(whole, results=fewer)))
    }
    said = "the images of 7.0 classes drawn against those of 10.0: others are left out on both sides"
    assert said in told["cnn"]
    assert not any("classes drawn" in caveat for name, caveat in told.items() if name != "cnn")
