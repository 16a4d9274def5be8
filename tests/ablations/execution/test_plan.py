"""What a study needs, what the store has of it, and what is refused before anything is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from ablations.config.errors import ConfigError
from ablations.execution.executors import ProcessExecutor, SerialExecutor
from ablations.execution.plan import Plan, default_width, make_plan
from ablations.store import Store
from tests.ablations.small_study import OPTIONS, STUDY

Open = Callable[[str], Store]


def plan(open_store: Open, **options: Any) -> Plan:
    return make_plan(STUDY, dataclasses.replace(OPTIONS, **options), open_store("plans"))


def test_a_plan_counts_and_estimates(open_store: Open) -> None:
    one = plan(open_store, seeds=4, width=2)
    assert len(one.groups) == 4
    assert one.runs == 8
    assert one.estimate_seconds > 0
    assert [run.slot for group in one.groups for run in group.job.runs] == [0, 1] * 4
    assert one.as_dict()["to_train"] == 8


def test_seeds_keep_their_slot_when_more_are_asked_for(open_store: Open) -> None:
    few, many = plan(open_store, seeds=2, width=2), plan(open_store, seeds=6, width=2)
    assert set(few.keys) < set(many.keys)


def test_what_decides_a_run_decides_its_key(open_store: Open) -> None:
    base = plan(open_store)
    for change in ({"steps": 41}, {"width": 4}, {"evaluations": 3}, {"overrides": {"batch_size": "8"}}):
        assert not set(base.keys) & set(plan(open_store, **change).keys), change
    assert set(base.keys) == set(plan(open_store, workers=2, time_limit=5.0).keys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ("bas",)}, "did you mean 'base'"),
        ({"overrides": {"los.criterion": "mse"}}, "did you mean 'loss.criterion'"),
        ({"overrides": {"name": "x"}}, "labels"),
        ({"dataset": "mnis"}, "did you mean 'mnist'"),
        ({"overrides": {"batch_size": "100000"}}, "only 1000 images of digits"),
    ],
)
def test_bad_options_are_refused_before_anything_is_trained(
    open_store: Open, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(open_store, **options)


@pytest.mark.parametrize(("seeds", "width"), [(1, 1), (5, 5), (7, 7), (16, 16), (17, 16), (20, 10), (32, 16), (40, 10)])
def test_the_default_width_shares_seeds_evenly(seeds: int, width: int) -> None:
    assert default_width(seeds) == width


def test_executors_are_chosen_by_the_number_of_workers(open_store: Open) -> None:
    from ablations.execution.runner import choose_executor

    assert isinstance(choose_executor(plan(open_store, workers=1)), SerialExecutor)
    assert isinstance(choose_executor(plan(open_store, workers=2)), ProcessExecutor)


def test_other_studies_are_searched_only_for_what_a_study_lacks(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store("plans")
    first, *others = make_plan(STUDY, OPTIONS, store).keys
    asked: list[str | None] = []
    here, elsewhere = dict.fromkeys(others, "here"), {first: "elsewhere", others[0]: "elsewhere"}

    def keys(study: str | None = None) -> dict[str, str]:
        asked.append(study)
        return here if study else elsewhere

    monkeypatch.setattr(store, "keys", keys)
    assert make_plan(STUDY, OPTIONS, store).reused == {first: "elsewhere"} | here
    assert asked == [STUDY.name, None]
    here[first] = "here"
    assert set(make_plan(STUDY, OPTIONS, store).reused.values()) == {"here"}
    assert asked == [STUDY.name, None, STUDY.name]
