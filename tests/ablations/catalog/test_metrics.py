"""The facts of the metrics: one row for every name a result can have, and one metric that verdicts are given on."""

from __future__ import annotations

import re

import pytest

from ablations.catalog.metric_facts import Metric, protocol, samples_of
from ablations.catalog.metrics import (
    KINDS,
    METRICS,
    PRIMARY,
    carries_verdicts,
    facts,
    find,
    primary,
    second,
)


@pytest.mark.parametrize(
    ("samples", "references", "name"),
    [
        (10_000, 10_000, "10k"),
        (500, 500, "500"),
        (1500, 1500, "1500"),
        (2000, 10_000, "2k_vs_10k"),
        (500, 1, "500_vs_1"),
    ],
)
def test_the_protocol_states_both_numbers_of_images(samples: int, references: int, name: str) -> None:
    assert protocol(samples, references) == name
    assert samples_of(f"frechet_{name}") == samples


def test_a_name_without_a_protocol_states_no_number() -> None:
    assert samples_of("frechet_inf") is None


@pytest.mark.parametrize("row", METRICS.values(), ids=lambda row: row.name)
def test_every_row_is_found_by_the_names_that_results_have(row: Metric) -> None:
    for samples, references in ((10_000, 10_000), (500, 500), (40, 500)):
        name = row.named(samples, references).format(3, 0)
        assert find(name) is row
        assert re.fullmatch(r"[a-z0-9_]+", name)
    assert row.label
    assert row.about.endswith((".", "?"))
    assert row.unit


def test_a_number_that_no_row_describes_has_its_name_and_no_direction() -> None:
    assert find("loss_of_sleep_10k") is None
    assert facts("loss_of_sleep_10k").label == "loss of sleep 10k"
    assert facts("loss_of_sleep_10k").better == "neither"
    assert find("label_accuracy_10k") is None, "it is not counted"


def test_a_damage_must_do_one_thing_to_a_metric() -> None:
    for row in METRICS.values():
        claimed = [*row.rises, *row.falls, *row.stays]
        assert len(claimed) == len(set(claimed)), row.name
        assert {row.must(damage) for damage in claimed} <= {"rises", "falls", "stays"}
        assert row.must("a kind word") is None


def test_the_primary_metric_is_found_in_any_protocol() -> None:
    assert primary() == "balanced_frechet_10k"
    assert primary(samples=500) == "balanced_frechet_500"
    assert primary(["class_1", "frechet_500", "balanced_frechet_40_vs_500"]) == "balanced_frechet_40_vs_500"
    assert primary(["frechet_inf", "repeat_0_0"]) == "balanced_frechet_10k"


def test_results_without_it_fall_back_and_have_the_other_kind_of_the_same() -> None:
    reader, free = (tuple(f"{name}_10k" for name in (kind.whole, kind.images, kind.shares)) for kind in KINDS)
    assert primary(free + reader) == "balanced_frechet_10k"
    assert second(free + reader) == "contrastive_balanced_frechet_10k"
    assert (primary(reader), second(reader)) == ("balanced_frechet_10k", None)
    old = ["frechet_10k", "recall_10k"]
    assert (primary(old), second(old)) == ("frechet_10k", None)
    assert (primary([*old, free[0]]), second([*old, free[0]])) == ("frechet_10k", "contrastive_frechet_10k")
    assert (primary([free[0]]), second([free[0]])) == ("contrastive_frechet_10k", None)


def test_the_three_distances_of_a_kind_are_rows() -> None:
    for kind in KINDS:
        for name in (kind.whole, kind.images, kind.shares):
            assert (METRICS[name].better, METRICS[name].counted) == ("lower", True)
    carrying = [
        name for name in ("frechet_10k", "balanced_frechet", "frechet_inf", "recall_10k") if carries_verdicts(name)
    ]
    assert carrying == ["frechet_10k", "balanced_frechet"]


def test_verdicts_are_given_on_a_metric_that_may_carry_them() -> None:
    row = METRICS[PRIMARY]
    assert (row.better, row.left_out, row.tier, row.conditional) == ("lower", "", "quick", False)
