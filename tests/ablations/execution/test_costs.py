"""Plans reckon with what was measured on this kind of machine, and say so where nothing was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ablations.catalog import AXES, BASELINE, STUDIES
from ablations.cli import main
from ablations.config import Engine, Study
from ablations.data.shape import MNIST_SHAPE
from ablations.execution import costs
from ablations.execution.costs import Costs, cost_key, kind_of, known_costs, shipped_costs
from ablations.execution.estimate import StepCost, analytic_step_seconds
from ablations.execution.measure_costs import peak_mebibytes, start_of_peak

ENGINE = Engine(isa="avx512", matmul="onednn")
AVX2 = Engine(isa="avx2", matmul="onednn_direct")
COST = StepCost(dense_flops=1e8, convolution_flops=0, parameter_bytes=1e6)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "costs" / "here.json"
    monkeypatch.setattr(costs, "place_here", lambda: place)
    return place


def test_what_changes_no_cost_changes_no_key() -> None:
    def key(**overrides: Any) -> str:
        return cost_key(BASELINE.override({k.replace("__", "."): v for k, v in overrides.items()}), MNIST_SHAPE, ENGINE)

    base = key()
    cheap: list[dict[str, Any]] = [
        {"steps": 7},
        {"initialization": "xavier"},
        {"training_images": 1_000},
        {"generator_optimizer__learning_rate": 0.5, "discriminator_optimizer__beta1": 0.9},
    ]
    dear: list[dict[str, Any]] = [
        {"batch_size": 32},
        {"generator__hidden": 64},
        {"generator_optimizer__name": "sgd"},
        {"update__discriminator_steps": 2},
        {"conditional": True},
    ]
    assert {key(**changes) for changes in cheap} == {base}
    assert len({base, *(key(**changes) for changes in dear)}) == len(dear) + 1
    for engine in (Engine(isa="avx2"), Engine(precision="bfloat16"), Engine(matmul="onednn_direct")):
        assert cost_key(BASELINE, MNIST_SHAPE, engine) != base


def test_the_measured_width_is_taken_then_the_nearest_then_what_is_reckoned() -> None:
    known = Costs(steps={"a": {"5": 2.0, "10": 1.0}}, factors={"a": 3.0, "b": 4.0, "c": 8.0})
    assert [known.seed_step("a", COST, width) for width in (1, 5, 9, 16)] == [2.0, 2.0, 1.0, 1.0]
    assert known.seed_step("other", COST, 4) == pytest.approx(4.0 * analytic_step_seconds(COST, 4))


def test_a_group_trains_all_its_seeds_and_scores_those_that_are_wanted() -> None:
    known = Costs(steps={"a": {"4": 0.5}}, evaluations={"mnist": {"quick": 1.0, "full": 10.0}})
    short = BASELINE.override({"steps": 100})
    assert known.group(short, "a", COST, "mnist", width=4, scored=3, wanted=2) == 100 * 4 * 0.5 + 2 * (1 + 1 + 10)


def test_what_is_measured_is_kept_beside_what_was(place: Path) -> None:
    assert not known_costs(ENGINE).here
    first = Costs().with_measured({"a": {"5": 2.0}}, {"a": 1.0}, {"mnist": {"quick": 1.0, "full": 2.0}})
    costs.keep(first, ENGINE)
    costs.keep(costs.measured_here(ENGINE).with_measured({"a": {"10": 1.0}}, {"a": 1.5}, {}), ENGINE)
    found = known_costs(ENGINE)
    assert found.here
    assert found.steps["a"] == {"5": 2.0, "10": 1.0}
    assert found.evaluation("mnist", "full") == 2.0
    place.write_bytes(b"{")
    assert not known_costs(ENGINE).here


def test_figures_of_another_machine_are_scaled_by_what_both_have_measured() -> None:
    shipped = shipped_costs(kind_of(ENGINE))
    key, other = list(shipped.steps)[:2]
    costs.keep(Costs().with_measured({key: {"5": 9.0}}, {key: 2 * shipped.factors[key]}, {}), ENGINE)
    found = known_costs(ENGINE)
    assert found.steps[key] == {"5": 9.0}
    assert found.steps[other] == {width: pytest.approx(2 * s) for width, s in shipped.steps[other].items()}


def test_engines_of_other_kinds_are_kept_apart() -> None:
    """What is reckoned by the usual factor, and scores, hang on the instruction set."""
    costs.keep(Costs().with_measured({"a": {"5": 2.0}}, {"a": 9.0}, {"mnist": {"quick": 1.0, "full": 2.0}}), AVX2)
    assert not known_costs(ENGINE).here
    costs.keep(Costs().with_measured({}, {"b": 1.0}, {}), ENGINE)
    found = known_costs(AVX2)
    assert (found.factors, found.evaluation("mnist", "full")) == ({"a": 9.0}, 2.0)
    assert known_costs(ENGINE).factors == {"b": 1.0}
    assert shipped_costs("cpu-float32-none") == shipped_costs(kind_of(ENGINE))


@pytest.mark.parametrize("engine", [ENGINE, AVX2], ids=lambda engine: engine.isa)
def test_the_package_knows_the_cost_of_quick_and_of_every_recipe(engine: Engine) -> None:
    variants = [*STUDIES["quick"].variants, *STUDIES["recipes"].variants, AXES["loss"].level("mse").apply(BASELINE)]
    known = shipped_costs(kind_of(engine))
    assert not [v.name for v in variants if cost_key(v, MNIST_SHAPE, engine) not in known.steps]
    assert known.evaluations["mnist"]["full"] > known.evaluations["mnist"]["quick"] > 0


def test_the_doctor_measures_a_study_and_the_plan_reckons_with_it(place: Path, tmp_path: Path) -> None:
    study = tmp_path / "tiny.json"
    small = {"batch_size": 8, "generator.hidden": 16, "discriminator.hidden": 16}
    variant = BASELINE.override({**small, "steps": 30})
    whole = Study(name="tiny", title="t", description="d", variants=(variant,), seeds=2, evaluations=1)
    study.write_text(json.dumps(whole.as_dict()))
    plan = ["run", str(study), "--data", "digits", "--store", str(tmp_path / "s"), "--dry-run"]
    before = CliRunner().invoke(main, plan)
    doctor = ["doctor", "--measure", str(study), "--data", "digits"]
    assert f"measured on another kind of machine; for this one: ablations {' '.join(doctor)}" in before.output
    done = CliRunner().invoke(main, [*doctor, "--width", "1", "--width", "2"])
    assert done.exit_code == 0, done.output
    assert "width  1" in done.output
    assert "width  2" in done.output
    after = CliRunner().invoke(main, plan)
    assert "another kind" not in after.output
    tree = json.loads(CliRunner().invoke(main, [*plan, "--json"]).stdout)
    (kept,) = json.loads(place.read_text()).values()
    (steps,) = [widths["2"] for widths in kept["steps"].values()]
    if Path("/proc/self/clear_refs").exists():
        (held,) = kept["mebibytes"].values()
        assert 0 <= held["1"] < 200, "a tiny network, and not what the whole process holds"
    scores = sum(kept["evaluations"]["digits"].values())
    assert tree["measured"] is True
    assert tree["groups"][0]["estimate_seconds"] == pytest.approx(30 * 2 * steps + 2 * scores, abs=0.06)


def test_the_memory_of_a_stack_is_what_it_adds_at_most_to_that_of_the_process() -> None:
    before = start_of_peak()
    if before is None:
        pytest.skip("this system does not count peaks anew")
    large = np.ones(40 << 17)
    del large
    assert peak_mebibytes() - before == pytest.approx(40, abs=4)
    now = start_of_peak()
    assert now is not None
    assert peak_mebibytes() - now < 4, "the peak is counted anew"


def test_widths_are_measured_and_chosen_by_a_number_or_that_word(tmp_path: Path) -> None:
    run = ["run", "quick", "--data", "digits", "--store", str(tmp_path), "--dry-run"]
    none = CliRunner().invoke(main, ["doctor", "--width", "5"])
    assert (none.exit_code, "--measure" in none.output) == (2, True)
    wrong = CliRunner().invoke(main, [*run, "--width", "wide"])
    assert (wrong.exit_code, "neither a number of seeds nor fastest" in wrong.output) == (2, True)
    looks = CliRunner().invoke(main, [*run, "--until-decided", "--width", "fastest"])
    assert (looks.exit_code, "such as --width 5" in looks.output) == (2, True)
