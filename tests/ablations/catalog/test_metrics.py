"""The facts of the metrics: one row for every name a result can have, and one metric that verdicts are given on."""

from __future__ import annotations

import re

import pytest

from ablations.catalog import metrics
from ablations.catalog.metric_facts import Metric, protocol, samples_of
from ablations.catalog.metrics import METRICS, PRIMARY, add, facts, find, is_primary, primary
from ablations.config.errors import ConfigError


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
    assert primary() == f"{PRIMARY}_10k"
    assert primary(samples=500) == f"{PRIMARY}_500"
    assert primary(["class_1", "frechet_500", f"{PRIMARY}_40_vs_500", "recall_500"]) == f"{PRIMARY}_40_vs_500"
    assert primary(["frechet_inf", "repeat_0_0"]) == f"{PRIMARY}_10k"
    names = (f"{PRIMARY}_10k", PRIMARY, f"contrastive_{PRIMARY}_10k", "frechet_inf", "kernel_distance_10k")
    assert [name for name in names if is_primary(name)] == [f"{PRIMARY}_10k", PRIMARY]


def test_verdicts_are_given_on_a_metric_that_may_carry_them() -> None:
    row = METRICS[PRIMARY]
    assert (row.better, row.left_out, row.tier, row.conditional) == ("lower", "", "quick", False)


def test_another_metric_becomes_the_primary_one_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "PRIMARY", "kernel_distance")
    assert primary() == "kernel_distance_10k"
    assert primary(["frechet_500", "kernel_distance_500"]) == "kernel_distance_500"
    assert not is_primary("frechet_500")


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ConfigError, match="'recall' already"):
        add(METRICS["recall"])
