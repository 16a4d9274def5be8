"""Training a stored run again: identical, or where it is not and why."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ablations.cli import main
from ablations.config import Engine
from ablations.config.errors import DataError, StoreError, UserError
from ablations.execution.verify import deviations, first_difference, prediction_interval, verify
from ablations.scoring.identity import scorer_identity
from ablations.store import Archive
from ablations.store.result import Evaluation, Result
from ablations.training.numerics import NUMERICS
from ablations.training.seed_group import SeedGroup
from tests.ablations.factories import make_result
from tests.ablations.small_study import STUDY, WILD, kept, run

pytestmark = pytest.mark.usefixtures("few_digits")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = Archive.open(tmp_path_factory.mktemp("verified"))
    run(dataclasses.replace(STUDY, seeds=2), archive)
    return archive


def stored(archive: Archive) -> tuple[str, Result]:
    key = archive.members("small")[-1].key
    return key, archive.get(key)


def test_a_stored_run_is_trained_again_to_the_bit(trained: Archive) -> None:
    before = trained.keys()
    outcome = verify(stored(trained)[1])
    assert outcome.identical, outcome
    assert set(outcome.deviations.values()) == {0.0}
    assert outcome.facts == {}
    assert trained.keys() == before


def test_what_was_not_measured_then_is_no_difference_and_what_was_is_one(trained: Archive) -> None:
    _, result = stored(trained)

    def without(name: str, **added: float) -> tuple[Evaluation, ...]:
        return tuple(
            dataclasses.replace(item, metrics={k: v for k, v in item.metrics.items() if k != name} | added)
            for item in result.evaluations
        )

    assert verify(dataclasses.replace(result, evaluations=without("d_last_fake"))).identical
    more = verify(dataclasses.replace(result, evaluations=without("", of_old=1.0)))
    assert more.first_difference == "of_old at the evaluation of step 0"


def test_a_run_that_diverged_diverges_again_to_the_bit(archive: Archive) -> None:
    """It was last scored before its end, so with the metrics of a passing score."""
    study = dataclasses.replace(STUDY, variants=(WILD,), contrasts=(), seeds=2)
    run(study, archive)
    for result in kept(archive):
        assert result.status == "diverged"
        assert verify(result).first_difference is None


def test_a_run_that_was_altered_is_found_out(trained: Archive) -> None:
    """As if another version had been trained: one value of one curve, one weight, one score."""
    _, result = stored(trained)
    curves = {name: values.copy() for name, values in result.curves.items()}
    curves["g_loss"][16] = np.nextafter(curves["g_loss"][16], np.float32(9))
    outcome = verify(dataclasses.replace(result, curves=curves))
    assert not outcome.identical
    assert outcome.first_difference == "g_loss at step 17"
    assert 0 < outcome.deviations["g_loss"] < 1e-6
    assert outcome.within(1e-5)
    assert not outcome.within(1e-9)


def test_the_command_takes_keys_and_studies(trained: Archive) -> None:
    key, _ = stored(trained)
    runner = CliRunner()
    done = runner.invoke(main, ["verify", key, "--store", str(trained.root), "--json"])
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads(done.stdout)
    assert outcome["identical"]
    assert outcome["run"] == key
    done = runner.invoke(main, ["verify", "--study", "small", "--sample", "2", "--store", str(trained.root)])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("identical: ") == 2
    assert "identical" not in done.stderr
    assert done.stderr.startswith("2 runs to train again, each in a stack as wide as its own was: about ")
    assert "0/2 groups | " in done.stderr
    for arguments in ([], [key, "--study", "small"]):
        assert runner.invoke(main, ["verify", *arguments, "--store", str(trained.root)]).exit_code == 2


def test_first_differences_are_named() -> None:
    ours = make_result()
    assert first_difference(ours, ours) is None
    weights = {name: values.copy() for name, values in ours.weights.items()}
    name = next(iter(weights))
    weights[name].flat[0] += 1
    theirs = dataclasses.replace(ours, weights=weights)
    assert first_difference(ours, theirs) == f"{name} after step {ours.last_step}"
    assert deviations(ours, theirs)["weights"] > 0
    last = ours.evaluations[-1]
    scored = dataclasses.replace(last, metrics=dict.fromkeys(last.metrics, 1e9))
    theirs = dataclasses.replace(ours, evaluations=(*ours.evaluations[:-1], scored))
    assert f"at the evaluation of step {last.step}" in str(first_difference(ours, theirs))


def test_the_prediction_interval_holds_one_more_seed_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(15, 2, (2_000, 6))
    held = [low <= last <= high for *others, last in scores for low, high in [prediction_interval(others)]]
    assert 0.93 < np.mean(held) < 0.97
    assert prediction_interval([3.0]) == (float("-inf"), float("inf"))


def test_a_difference_is_judged_by_the_other_seeds(trained: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored run stays as it is; training it again goes another way, as on another machine."""
    key, _ = stored(trained)
    advance = SeedGroup.advance

    def another_way(self: SeedGroup, steps: int) -> None:
        if self.step == 0:
            with torch.no_grad():
                self._generator.tensors["output.bias"].add_(1e-3)
        advance(self, steps)

    monkeypatch.setattr(SeedGroup, "advance", another_way)
    done = CliRunner().invoke(main, ["verify", key, "--store", str(trained.root)])
    assert done.exit_code == 1
    assert "DIFFERENT" in done.output
    assert "first at d_loss_fake at step 1" in done.output
    assert "too few other seeds to say where 95% of new seeds would lie" in done.output
    assert CliRunner().invoke(main, ["verify", key, "--store", str(trained.root), "--tolerance", "1e9"]).exit_code == 0


def test_missing_and_unlike_values_are_infinitely_far() -> None:
    ours = make_result()
    assert deviations(ours, dataclasses.replace(ours, weights={}))["weights"] == float("inf")


def test_what_cannot_be_compared_is_refused(trained: Archive) -> None:
    _, result = stored(trained)
    with pytest.raises(StoreError, match="only finished and diverged runs"):
        verify(dataclasses.replace(result, status="failed"))
    other = dataclasses.replace(result.run, data_digest="0" * 64)
    with pytest.raises(DataError, match="get the same data"):
        verify(dataclasses.replace(result, run=other))


def test_facts_that_differ_are_listed(trained: Archive) -> None:
    _, result = stored(trained)
    environment = {**result.environment, "cpu": "another processor"}
    run = dataclasses.replace(result.run, numerics=0, engine=Engine())
    facts = verify(dataclasses.replace(result, environment=environment, run=run, scorer="another")).facts
    assert facts["cpu"][0] == "another processor"
    assert facts["numerics"] == ("0", str(NUMERICS))
    assert facts["scorer"] == ("another", scorer_identity())


def test_a_training_that_fails_is_no_difference(trained: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: SeedGroup, steps: int) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(SeedGroup, "advance", breaks)
    with pytest.raises(UserError, match=r"of study small could not be trained again: .*no room"):
        verify(stored(trained)[1])
