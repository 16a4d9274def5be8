"""Traces of the documents, held against sums by hand."""

from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pytest

from ablations.catalog.printed import TRACES
from ablations.catalog.quantities import CURVES
from ablations.catalog.recipes import RECIPES
from ablations.config import Study, Variant
from ablations.store.result import Evaluation, Result
from reports.analysis.traces import epoch_steps, running_ends, traces
from tests.reports.factories import result


def made(variant: Variant, seeds: int = 2) -> tuple[Study, tuple[Result, ...]]:
    study = Study(name="t", title="", description="", variants=(variant,), seeds=seeds, evaluations=2)
    return study, tuple(result(study, variant, seed, 100.0) for seed in range(seeds))


def test_every_trace_names_recipes_curves_and_quantities_that_are() -> None:
    for trace in TRACES:
        assert set(trace.recipes) <= set(RECIPES)
        assert {name for item in trace.quantities for name in item.curves} <= set(CURVES)
        assert {mark.quantity for mark in trace.marks} <= {item.label for item in trace.quantities}
        assert bool(trace.window) != bool(trace.epochs)


def test_s2_has_the_means_of_the_last_500_steps_beside_what_it_prints() -> None:
    study, results = made(RECIPES["s2"].override({"steps": 2_300}))
    (found,) = traces(study, results)
    assert [line.at for line in found.lines] == ["2,000", "2,300"]
    assert found.lines[0].printed == (1.7751, 0.1973)
    assert found.lines[1].printed == (None, None)
    g = [one.curves["g_loss"][1_500:2_000].mean() for one in results]
    halves = [(one.curves["d_loss_real"] + one.curves["d_loss_fake"])[1_500:2_000].mean() / 2 for one in results]
    np.testing.assert_allclose(found.lines[0].values[0], (np.mean(g), min(g), max(g)), rtol=1e-6)
    np.testing.assert_allclose(found.lines[0].values[1][0], np.mean(halves), rtol=1e-6)
    assert found.frames["G"]["at"].iloc[[0, -1]].tolist() == [500, 2_300]


def test_s3_has_its_own_measure_at_the_scored_steps_and_means_of_epochs_between() -> None:
    study, results = made(RECIPES["s3"].override({"steps": 600}))
    with_metrics = tuple(
        dataclasses.replace(
            one,
            evaluations=tuple(
                Evaluation(step=step, train_seconds=1.0, metrics={"d_real_test": 0.5 + seed, "d_fake_eval": 0.1})
                for step in (0, 300, 600)
            ),
        )
        for seed, one in enumerate(results)
    )
    (found,) = traces(study, with_metrics)
    assert [line.at for line in found.lines] == ["0", "1", "2"]
    assert found.lines[0].values == ((1.0, 0.5, 1.5), (0.1, 0.1, 0.1))
    frame = found.frames["D(x)"]
    assert frame["at"].tolist() == [1, 2]
    expected = np.mean([one.curves["d_real"][:300].mean() for one in results])
    assert frame["mean"].iloc[0] == pytest.approx(expected, rel=1e-6)


def test_s4_has_minus_the_losses_of_the_last_batch_of_every_tenth_epoch() -> None:
    study, results = made(RECIPES["s4"].override({"steps": 22, "training_images": 200}), seeds=1)
    (found,) = traces(study, results)
    assert [line.at for line in found.lines] == ["1", "10"]
    curves = results[0].curves
    for line, step in zip(found.lines, (2, 20), strict=True):
        d, g = (value[0] for value in line.values)
        assert d == pytest.approx(-float(curves["d_loss_real"][step - 1] + curves["d_loss_fake"][step - 1]), rel=1e-6)
        assert g == pytest.approx(-float(curves["g_loss"][step - 1]), rel=1e-6)


def test_an_epoch_of_s4_as_it_is_printed_is_one_update() -> None:
    _, results = made(RECIPES["s4-printed"], seeds=1)
    assert epoch_steps(RECIPES["s4-printed"], results[0]) == 1
    assert epoch_steps(RECIPES["s4"], results[0]) == 550
    fewer = dataclasses.replace(results[0], environment={"training_images": "1000"})
    assert epoch_steps(RECIPES["s4"], fewer) == 10


def test_a_run_too_short_for_one_window_or_one_epoch_has_no_trace() -> None:
    assert not traces(*made(RECIPES["s2"].override({"steps": 499})))
    assert not traces(*made(RECIPES["s3"].override({"steps": 299})))
    assert len(running_ends(500, 500)) == 1


def test_other_recipes_have_none() -> None:
    assert not traces(*made(RECIPES["s1"].override({"steps": 700})))


def test_where_d_cannot_tell_the_costs_of_s4_are_those_that_stand_beside_it() -> None:
    study, results = made(RECIPES["s4"].override({"steps": 2, "training_images": 200}), seeds=1)
    blind = dict.fromkeys(CURVES, np.full(2, math.log(2), dtype=np.float32))
    (found,) = traces(study, tuple(dataclasses.replace(one, curves=blind) for one in results))
    said = re.findall(r"-\d\.\d+", found.trace.says)
    assert [f"{mean:.3f}" for mean, _, _ in found.lines[0].values] == said == ["-1.386", "-0.693"]
