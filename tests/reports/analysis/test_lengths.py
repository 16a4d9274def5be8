"""The answer at each scored step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from ablations.config import Study
from ablations.store import StoredStudy
from ablations.store.result import Result, Status
from reports.analysis.findings import Findings, find
from reports.analysis.lengths import Course, epochs
from tests.reports.factories import quick_study, stored


def course_of(found: Findings, treatment: str) -> Course:
    index = [contrast.treatment for contrast in found.study.contrasts].index(treatment)
    course = found.courses[index]
    assert course is not None
    return course


BOTH = ("balanced_frechet_10k", "contrastive_balanced_frechet_10k")


def turned(result: Result, variant: str, until: int, names: Sequence[str] = BOTH) -> Result:
    """Scores of a variant are lower by far until a step, and higher by far from then on."""
    if result.run.variant.name != variant:
        return result
    evaluations = tuple(
        dataclasses.replace(
            item,
            metrics={
                **item.metrics,
                **dict.fromkeys(names, (10.0 if item.step <= until else 9000.0) + result.run.seed / 100),
            },
        )
        for item in result.evaluations
    )
    return dataclasses.replace(result, evaluations=evaluations)


def test_the_last_step_has_the_studys_own_answer() -> None:
    found = find(stored(quick_study(seeds=8)))
    for item, course in zip(found.comparisons, found.courses, strict=True):
        assert course is not None
        assert list(course.by_step) == [200, 400, 600, 800, 1_000]
        assert course.by_step[1_000] == item
        assert course.said.verdict == item.verdict
        assert course.length == "at 1,000 steps"


@pytest.mark.parametrize(("until", "late"), [(200, False), (600, True)])
def test_a_change_of_sign_is_said_and_one_in_the_last_half_is_marked(until: int, late: bool) -> None:
    material = stored(quick_study(seeds=8))
    results = tuple(turned(item, "mse", until) for item in material.results)
    course = course_of(find(dataclasses.replace(material, results=results)), "mse")
    assert course.said.sign_changes == (until + 200,)
    assert course.said.flips_late is late


def pair(treatment: str, score: float) -> StoredStudy:
    """Of a treatment and the baseline, short."""
    study = quick_study(seeds=6, steps=100).restricted({"baseline", treatment})
    return stored(study, scores={"baseline": 180.0, treatment: score})


@pytest.mark.parametrize("name", [*BOTH, "class_share_frechet_10k"])
def test_a_step_at_which_the_scores_part_has_the_answer_that_they_agree_on(name: str) -> None:
    """`mse` is worse at step 100 by all of them, and by one of them better at step 20."""
    material = pair("mse", 620.0)
    results = tuple(turned(item, "mse", 20, [name]) for item in material.results)
    course = course_of(find(dataclasses.replace(material, results=results)), "mse")
    verdicts = [item.verdict for item in course.by_step.values()]
    assert verdicts == ["depends on the score", *["worse"] * 4]
    assert course.said.sentence == "worse from step 40 to the end"


@pytest.mark.parametrize(("floor", "first"), [(250.0, "worse"), (350.0, "depends on the score")])
def test_the_noise_floor_bounds_the_first_score_alone(floor: float, first: str) -> None:
    """At step 20 Sigmoid differs by some 310, at step 100 by 440; by the other kind of features by half of that."""
    course = course_of(find(pair("sigmoid", 620.0), noise_floor=floor), "sigmoid")
    assert [item.verdict for item in course.by_step.values()] == [first, *["worse"] * 4]


def test_a_run_that_draws_one_class_has_collapsed_at_that_step_though_modes_are_counted_at_the_end_alone() -> None:
    """Else the evened-out score of one class drawn well would win."""
    one_class = {f"class_{k}": float(k == 1) for k in range(10)}

    def collapsed(result: Result) -> Result:
        if result.run.variant.name != "mse":
            return result
        *earlier, last = result.evaluations
        evaluations = [
            dataclasses.replace(
                item,
                metrics={name: value for name, value in item.metrics.items() if not name.startswith("mode_count")}
                | (one_class if item.step == 400 else {}),
            )
            for item in earlier
        ]
        return dataclasses.replace(result, evaluations=(*evaluations, last))

    material = stored(quick_study(seeds=8))
    course = course_of(find(dataclasses.replace(material, results=tuple(map(collapsed, material.results)))), "mse")
    counts = {step: dict(item.treatment_counts) for step, item in course.by_step.items()}
    assert counts[400] == {"collapsed": 8}
    assert all(counts[step] == {"finished": 8} for step in (200, 600, 800, 1_000))


def test_a_run_that_diverged_was_there_before() -> None:
    found = find(stored(quick_study(seeds=8), statuses={("mse", 0): "diverged"}))
    by_step = course_of(found, "mse").by_step
    assert by_step[400].treatment_scores == 8
    assert by_step[600].treatment_counts == {"finished": 7, "diverged": 1}


def test_variants_of_different_lengths_are_compared_at_the_same_share_of_training() -> None:
    study = quick_study(seeds=6)
    longer = tuple(v.override({"steps": 4_000}, name=v.name) if v.name == "mse" else v for v in study.variants)
    found = find(stored(dataclasses.replace(study, variants=longer)))
    assert list(course_of(found, "mse").by_step) == [800, 1_600, 2_400, 3_200, 4_000]


def test_epochs_are_known_where_the_runs_say_how_many_images_they_saw() -> None:
    result = stored(quick_study(seeds=1)).results[0]
    assert epochs(result) is None
    told = dataclasses.replace(result, environment={"training_images": "16000"})
    assert epochs(told) == 2.0
    fewer = dataclasses.replace(told.run, variant=told.run.variant.override({"training_images": 8_000}))
    assert epochs(dataclasses.replace(told, run=fewer)) == 4.0


def test_where_d_sees_the_images_more_often_on_one_side_both_epochs_are_said() -> None:
    study = quick_study(seeds=6)
    more = tuple(
        v.override({"update.discriminator_steps": 5}, name=v.name) if v.name == "mse" else v for v in study.variants
    )
    made = stored(dataclasses.replace(study, variants=more))
    told = tuple(dataclasses.replace(item, environment={"training_images": "16000"}) for item in made.results)
    course = course_of(find(dataclasses.replace(made, results=told)), "mse")
    assert (course.epochs, course.against) == (10.0, 2.0)
    assert course.length == "at 1,000 steps, 10 against 2 epochs"
    assert dataclasses.replace(course, against=course.epochs).length.count("against") == 0
    assert dataclasses.replace(course, epochs=None).length == "at 1,000 steps"
    assert dataclasses.replace(course, epochs=1_066.7, against=2.13).length.endswith("1,067 against 2.1 epochs")


def test_nothing_scored_has_no_course() -> None:
    study: Study = quick_study(seeds=2)
    lost: dict[tuple[str, int], Status] = {
        (variant.name, seed): "failed" for variant in study.variants for seed in range(2)
    }
    bare = tuple(dataclasses.replace(item, evaluations=()) for item in stored(study, statuses=lost).results)
    assert set(find(dataclasses.replace(stored(study), results=bare)).courses) == {None}
