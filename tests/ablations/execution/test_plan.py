"""What a study needs, what the archive has of it, and what is refused before anything is trained."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ablations.config import Contrast
from ablations.config.errors import ConfigError
from ablations.execution.choice import BY_THE_MACHINE, ExecutorOptions, choose_executor
from ablations.execution.costs import Costs, cost_key
from ablations.execution.estimate import snapshot_bytes
from ablations.execution.executors import ProcessExecutor, SerialExecutor
from ablations.execution.plan import make_plan, plan_again
from ablations.store import Archive
from ablations.training.numerics import NUMERICS
from tests.ablations.factories import make_result
from tests.ablations.small_study import BASE, OPTIONS, STUDY, keys, plan

ROOT = Path(__file__).parents[3]


def test_a_plan_counts_and_estimates(archive: Archive) -> None:
    one = plan(archive, seeds=4, width=2)
    assert len(one.jobs) == 4
    assert one.runs == 8
    assert one.estimate_seconds > 0
    assert [run.slot for job in one.jobs for run in job.runs] == [0, 1] * 4
    assert one.as_dict()["to_train"] == 8
    estimates = [job.estimate_seconds for job in one.jobs]
    assert estimates == sorted(estimates, reverse=True)


@pytest.mark.parametrize("dear", ["base", "other"])
def test_groups_are_packed_by_what_they_were_measured_to_cost_the_longest_first(
    dear: str, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever variant it is; and the expected end is that of the schedule on so many workers."""
    counted = plan(archive, seeds=2, width=1)
    engine, shape = counted.conditions.engine, counted.shape
    seconds = {v.name: 3.0 if v.name == dear else 0.5 for v in STUDY.variants}
    steps = {cost_key(v, shape, engine): {"1": seconds[v.name] / v.steps} for v in STUDY.variants}
    known = Costs(steps=steps, evaluations={"digits": {"quick": 0.0, "full": 0.0}})
    monkeypatch.setattr("ablations.execution.plan.known_costs", lambda engine: known)
    found = plan(archive, seeds=2, width=1)
    assert [job.variant.name == dear for job in found.jobs] == [True, True, False, False]
    assert [job.estimate_seconds for job in found.jobs] == pytest.approx([3.0, 3.0, 0.5, 0.5])
    ends = {workers: dataclasses.replace(found, workers=workers).estimate_seconds for workers in (1, 2, 3, 4)}
    assert ends == pytest.approx({1: 7.0, 2: 3.5, 3: 3.0, 4: 3.0})


def test_the_fastest_widths_are_chosen_for_the_whole_study_and_kept_with_its_runs(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = plan(archive, seeds=4)
    engine, shape = counted.conditions.engine, counted.shape

    def measured(wide: float) -> Costs:
        """Four seeds in a stack take so many seconds, in two stacks 4 each; eight, which nobody asks for, none."""
        seconds = {"2": 2.0, "4": wide / 4, "8": 0.0}
        return Costs(
            steps={
                cost_key(v, shape, engine): {width: value / v.steps for width, value in seconds.items()}
                for v in STUDY.variants
            },
            evaluations={"digits": {"quick": 0.0, "full": 0.0}},
        )

    def widths(**options: Any) -> dict[str, set[int]]:
        found = plan(archive, seeds=4, width="fastest", **options)
        every = {member.variant for member in found.members}
        assert every == {v.name for v in STUDY.variants}
        return {name: {len(job.runs) for job in found.jobs if job.variant.name == name} for name in every}

    monkeypatch.setattr("ablations.execution.plan.known_costs", lambda engine: measured(6.0))
    monkeypatch.setattr("ablations.execution.plan.capacity", lambda *asked: 1)
    assert set(map(frozenset, widths().values())) == {frozenset({4})}
    monkeypatch.setattr("ablations.execution.plan.capacity", lambda *asked: 4)
    assert set(map(frozenset, widths().values())) == {frozenset({2})}, "two stacks of each end sooner on four places"
    alone = plan(archive, seeds=4, width="fastest", only=("base",))
    assert {len(job.runs) for job in alone.jobs} == {2}
    for run in alone.jobs[0].runs:
        archive.put(dataclasses.replace(make_result(run.variant, evaluations=2), run=run))
    monkeypatch.setattr("ablations.execution.plan.capacity", lambda *asked: 1)
    after = widths()
    assert after.pop("base") == {2}, "of this width there are runs"
    assert set(map(frozenset, after.values())) == {frozenset({4})}
    monkeypatch.setattr("ablations.execution.plan.known_costs", lambda engine: Costs())
    assert plan(archive, seeds=3, width="fastest").jobs[0].runs[0].width == 3, "nothing was measured: the usual one"


def test_the_bytes_that_are_kept_are_those_of_gs_weights(archive: Archive) -> None:
    one = plan(archive, only=("base",))
    float32 = 4 * (100 * 16 + 16 + 16 * 784 + 784)
    assert snapshot_bytes(BASE) == float32
    assert one.kept_bytes == one.as_dict()["kept_bytes"] == 3 * 3 * float32, "3 seeds at 3 scored steps"
    assert plan(archive, only=("base",), keep="last").kept_bytes == 3 * float32


def test_seeds_keep_their_slot_when_more_are_asked_for(archive: Archive) -> None:
    few, many = plan(archive, seeds=2, width=2), plan(archive, seeds=6, width=2)
    assert keys(few) < keys(many)


def test_a_reference_may_have_more_seeds_than_the_others(archive: Archive) -> None:
    contrasts = tuple(
        Contrast(axis="a", question="q", treatment=item.name, reference="base") for item in STUDY.variants[1:]
    )
    study = dataclasses.replace(STUDY, contrasts=contrasts)

    def seeds(**options: Any) -> dict[str, int]:
        made = make_plan(study, dataclasses.replace(OPTIONS, **options), archive)
        counted = Counter(member.variant for member in made.members)
        assert counted == made.seeds
        return dict(counted)

    name = STUDY.variants[1].name
    assert seeds(seeds=4, width=4)["base"] == 4
    more = seeds(seeds=4, width=4, reference_seeds=11)
    assert (more["base"], more[name]) == (11, 4)
    several = dataclasses.replace(study, contrasts=contrasts * 9)
    auto = make_plan(several, dataclasses.replace(OPTIONS, seeds=4, width=4, reference_seeds="auto"), archive)
    assert auto.seeds["base"] == math.ceil(4 * math.sqrt(len(several.contrasts)))
    assert auto.recorded.reference_seeds == auto.seeds["base"]
    single = seeds(seeds=4, width=4, variant_seeds={name: 8})
    assert (single["base"], single[name]) == (4, 8)
    with pytest.raises(ConfigError, match="reference_seeds must be at least 4"):
        seeds(seeds=4, reference_seeds=3)
    with pytest.raises(ConfigError, match="no reference that could have seeds of its own"):
        make_plan(dataclasses.replace(study, contrasts=()), dataclasses.replace(OPTIONS, reference_seeds=9), archive)


def test_more_seeds_of_one_variant_leave_all_other_runs_what_they_are(archive: Archive) -> None:
    few = plan(archive, seeds=4, width=2)
    more = plan(archive, seeds=4, width=2, variant_seeds={"base": 9})
    assert keys(few) < keys(more)
    assert len(keys(more) - keys(few)) == 5
    placed = {(run.seed, run.slot) for job in more.jobs for run in job.runs if run.variant.name == "base"}
    assert placed == {(seed, seed % 2) for seed in range(10)}


def test_what_decides_a_training_decides_its_key_and_nothing_else_does(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = plan(archive)
    for change in ({"steps": 41}, {"width": 4}, {"overrides": {"batch_size": "8"}}):
        assert not keys(base) & keys(plan(archive, **change)), change
    same: dict[str, Any] = {"workers": 2, "time_limit": 5.0, "evaluations": 3, "keep": "last", "fresh": True}
    for name, value in same.items():
        assert keys(base) == keys(plan(archive, **{name: value})), name
    monkeypatch.setattr("ablations.execution.plan.scorer_of", lambda name, folder: "another scorer")
    assert keys(base) == keys(plan(archive))
    assert plan(archive).scorer == "another scorer"


PRINT_KEYS = """
import sys
from ablations.execution.plan import make_plan
from ablations.store import Archive
from ablations.store.records import trained_as
from ablations.training.numerics import NUMERICS
from tests.ablations.small_study import OPTIONS, STUDY
print(*sorted(member.key for member in make_plan(STUDY, OPTIONS, Archive.open(sys.argv[1])).members))
"""


@pytest.mark.slow
def test_code_that_changes_no_bit_changes_no_key(archive: Archive, tmp_path: Path) -> None:
    """In a copy of the package, every module of the rooms that train has a comment more, and there is a new one."""
    shutil.copytree(ROOT / "ablations", tmp_path / "ablations", ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("training", "parts", "config", "data"):
        for path in (tmp_path / "ablations" / room).rglob("*.py"):
            path.write_text(path.read_text() + "\n\n# A remark.\n")
        (tmp_path / "ablations" / room / "unused.py").write_text('"""For later."""\n')

    def keys_there() -> set[str]:
        places = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
        command = [sys.executable, "-c", PRINT_KEYS, str(tmp_path / "store")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=places, cwd=tmp_path)
        return set(done.stdout.split())

    here = keys(plan(archive))
    assert keys_there() == here
    numerics = tmp_path / "ablations" / "training" / "numerics.py"
    numerics.write_text(numerics.read_text().replace(f"NUMERICS = {NUMERICS}", f"NUMERICS = {NUMERICS + 1}"))
    assert not keys_there() & here


def test_only_some_variants_are_trained_and_all_are_recorded(archive: Archive) -> None:
    some = plan(archive, only=("other",))
    assert [job.variant.name for job in some.jobs] == ["other"]
    assert [variant.name for variant in some.recorded.variants] == ["base", "other"]
    assert [variant.name for variant in some.study.variants] == ["other"]
    assert keys(some) == keys(plan(archive))


def test_of_two_variants_that_an_override_makes_one_only_the_named_is_trained(archive: Archive) -> None:
    made_one = {"conditional": "false", "loss.criterion": "bce"}
    assert [job.variant.name for job in plan(archive, only=("base",), overrides=made_one).jobs] == ["base"]
    both = plan(archive, overrides=made_one)
    assert len(both.members) == 2 * len(keys(both)) == 6


def test_what_the_archive_has_is_not_planned_and_a_stack_keeps_its_form(archive: Archive) -> None:
    base = plan(archive)
    job = next(job for job in base.jobs if job.variant.name == "base")
    have = dataclasses.replace(make_result(job.variant, evaluations=2), run=job.runs[1])
    archive.put(have)
    left = plan(archive)
    assert left.reused == {have.key}
    (other,) = (item for item in left.jobs if item.variant.name == "base")
    assert (other.runs, other.wanted, other.wanted_seeds) == (job.runs, (0, 2), (0, 2))
    assert other.identity == job.identity, "so a checkpoint of the whole stack serves"
    assert plan(archive, fresh=True).reused == frozenset()
    again = plan_again(base, archive)
    assert again.reused == left.reused
    assert {job.name: job.wanted for job in again.jobs} == {job.name: job.wanted for job in left.jobs}
    archive.put(dataclasses.replace(have, run=job.runs[0], status="failed"))
    assert plan(archive).reused == {have.key}


def test_a_run_with_fewer_scored_steps_is_planned_when_more_are_wanted(archive: Archive) -> None:
    job = next(job for job in plan(archive).jobs if job.variant.name == "base")
    for run in job.runs:
        archive.put(dataclasses.replace(make_result(job.variant, evaluations=2), run=run))
    assert [len(plan(archive, only=("base",), evaluations=n).reused) for n in (1, 2, 3, 4)] == [3, 3, 0, 0]


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
    archive: Archive, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(archive, **options)


def test_an_executor_is_chosen_by_whether_it_works_alone(archive: Archive) -> None:
    engine = plan(archive).conditions.engine
    assert isinstance(choose_executor(BY_THE_MACHINE, engine, 1), SerialExecutor)
    assert isinstance(choose_executor(BY_THE_MACHINE, engine, None), ProcessExecutor)
    assert isinstance(choose_executor(BY_THE_MACHINE, engine, 2), ProcessExecutor)
    assert isinstance(choose_executor(ExecutorOptions(name="processes"), engine, 1), ProcessExecutor)


def test_a_group_has_a_share_of_one_gpu_or_whole_ones() -> None:
    with pytest.raises(ConfigError, match=r"--gpus-per-group 1\.5: a group has a share of one GPU"):
        ExecutorOptions(name="ray", gpus_per_group=1.5).engine("cuda")
    for share in (0.5, 2.0):
        assert ExecutorOptions(name="ray", gpus_per_group=share).engine("cuda").device == "cuda"
