"""Searches: the same trials whoever trains them and however often they are killed, and nothing that leaks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from ablations.catalog import BASELINE
from ablations.catalog.spaces import make_space
from ablations.config.errors import ConfigError, StoreError
from ablations.data import load_dataset
from ablations.data.splits import load_split
from ablations.execution.events import Event
from ablations.execution.executors import Job, ProcessExecutor, SerialExecutor
from ablations.search.budget import front
from ablations.search.generations import Found
from ablations.search.judge import Judge, PruningSession
from ablations.search.protocol import SPLIT, selection_seeds, tuning_seeds
from ablations.search.trial import Outcome
from ablations.search.trial_storage import TrialStorage, open_storage
from tests.ablations.search.factories import NARROW, SETTINGS, SPACE, TINY, search, table

pytestmark = pytest.mark.usefixtures("few_digits")

Stop = Callable[[], str | None]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return search(tmp_path_factory.mktemp("undisturbed"))


# --- repeatable ---


@pytest.mark.slow
def test_two_workers_make_the_same_trials_as_one(undisturbed: Found, tmp_path: Path) -> None:
    with ProcessExecutor(2) as executor:
        found = search(tmp_path, executor=executor)
    assert table(found) == table(undisturbed)
    assert found.best is not None
    assert undisturbed.best is not None
    assert found.best.row == undisturbed.best.row


def test_the_order_in_which_trials_end_does_not_matter(undisturbed: Found, tmp_path: Path) -> None:
    class Backwards(SerialExecutor):
        def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
            super().run(reversed(list(jobs)), on_event, stop)

    assert table(search(tmp_path, executor=Backwards())) == table(undisturbed)


@dataclasses.dataclass
class Killed(SerialExecutor):
    """An executor that dies before or after a certain job, as if by SIGKILL: nothing after it happens."""

    jobs: int
    before: bool
    done: int = 0

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        for job in jobs:
            if self.done == self.jobs and self.before:
                raise SystemExit
            super().run([job], on_event, stop)
            self.done += 1
            if self.done == self.jobs and not self.before:
                raise SystemExit


@pytest.mark.parametrize(("jobs", "before"), [(2, True), (3, False)])
def test_a_killed_search_goes_on_as_if_nothing_had_happened(
    jobs: int, before: bool, undisturbed: Found, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        search(tmp_path, executor=Killed(jobs, before))
    assert table(search(tmp_path)) == table(undisturbed)


def test_a_search_killed_between_two_tells_goes_on(
    undisturbed: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = TrialStorage.tell

    def half(self: TrialStorage, trial: Any, outcome: Outcome) -> None:
        if trial.number == 3:
            raise SystemExit
        tell(self, trial, outcome)

    monkeypatch.setattr(TrialStorage, "tell", half)
    with pytest.raises(SystemExit):
        search(tmp_path)
    monkeypatch.undo()
    assert table(search(tmp_path)) == table(undisturbed)
    with open_storage(SETTINGS, f"sqlite:///{tmp_path}/optuna.db") as storage:
        asked = [trial.user_attrs["generation"] for _, trial in sorted(storage.known().items())]
    assert asked == [0, 0, 2, 2, 4], "a trial was asked for before those that it must learn from were told"


def test_a_stopped_search_keeps_what_has_ended(undisturbed: Found, tmp_path: Path) -> None:
    asked = iter(range(1000))
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, stop=lambda: "stopped" if next(asked) > 8 else None)
    assert table(search(tmp_path)) == table(undisturbed)


def test_more_trials_go_on_where_fewer_ended_and_repeat_no_sample(undisturbed: Found, tmp_path: Path) -> None:
    few = dataclasses.replace(SETTINGS, trials=4)
    assert table(search(tmp_path, few)) == table(undisturbed)[:4]
    assert table(search(tmp_path)) == table(undisturbed)
    tried = [json.dumps(trial.values, sort_keys=True) for trial in undisturbed.trials]
    assert len(set(tried)) == len(tried)


def test_another_seed_makes_other_trials_but_begins_alike(undisturbed: Found, tmp_path: Path) -> None:
    other = search(tmp_path, dataclasses.replace(SETTINGS, trials=2, seed=1))
    assert other.trials[0].row == undisturbed.trials[0].row
    assert other.trials[1].values != undisturbed.trials[1].values


# --- fair ---


def test_the_first_trial_is_the_variant_as_it_is(undisturbed: Found) -> None:
    assert SPACE.settle(undisturbed.trials[0].values, BASELINE.name) == SPACE.variant


def test_no_image_and_no_seed_is_used_twice() -> None:
    whole = load_dataset("digits")
    split, digest = load_split("digits", SPLIT, None)
    assert digest == whole.digest
    assert len(split.train_images) + len(split.test_images) == len(whole.train_images)
    together = np.concatenate([split.test_images.numpy(), split.train_images.numpy()])
    np.testing.assert_array_equal(together, whole.train_images.numpy())
    used = [set(tuning_seeds(50)), set(selection_seeds(50)), set(range(50))]
    assert len(set.union(*used)) == sum(map(len, used))


def test_pruning_leaves_out_steps_and_charges_those_that_were_made(undisturbed: Found) -> None:
    pruned = [trial.outcome for trial in undisturbed.trials if trial.outcome.state == "pruned"]
    assert pruned
    for outcome in pruned:
        assert outcome.value is None
        assert outcome.steps == outcome.charged_steps == outcome.scores[-1].step < SETTINGS.steps
    assert undisturbed.charged_steps < undisturbed.full_steps


def test_a_trial_is_worth_the_mean_of_its_seeds(undisturbed: Found) -> None:
    for trial in undisturbed.trials:
        for score in trial.outcome.scores:
            assert len(score.seeds) == SETTINGS.seeds
            assert score.mean == pytest.approx(np.mean(score.seeds))


def test_a_diverged_trial_fails_and_is_charged_all_its_steps(tmp_path: Path) -> None:
    fixed = {"generator_optimizer.name": "sgd", "discriminator_optimizer.name": "sgd", "loss.criterion": "bce_logits"}
    fixed |= {
        "discriminator.output": "logits",
        "discriminator.normalization": "none",
        "generator.normalization": "none",
    }
    variant = BASELINE.override({**TINY, **fixed})
    wild = make_space(
        variant,
        narrowed={
            **NARROW,
            "generator_optimizer.learning_rate": "1e30:1e35",
            "discriminator_optimizer.learning_rate": "1e30:1e35",
        },
    )
    found = search(tmp_path, dataclasses.replace(SETTINGS, space=wild, trials=2))
    for trial in found.trials:
        assert trial.outcome.state == "diverged"
        assert trial.outcome.value is None
        assert trial.outcome.charged_steps == SETTINGS.steps
        assert "at step" in trial.outcome.reason
    assert found.best is None
    assert found.tuned is None


def test_the_winner_is_the_best_on_the_selection_seeds(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, trials=3, pruner="none", reports=1)
    found = search(tmp_path, settings, finalists=2)
    assert len(found.finalists) == 2
    values = [item.outcome.value for item in found.finalists]
    assert values == sorted(values, key=lambda value: value or 0.0)
    assert found.best == found.finalists[0].trial
    assert all(item.outcome.value != item.trial.outcome.value for item in found.finalists)


# --- samplers, pruners, objectives ---


@pytest.mark.parametrize("steps", [16, 18, 999, 1000, 1500])
def test_halving_may_prune_at_each_score_but_the_last(steps: int) -> None:
    scored_at = dataclasses.replace(SETTINGS, space=make_space(BASELINE.override({"steps": steps}))).evaluation_steps
    assert len(scored_at) == 4

    def session(number: int, history: dict[int, FrozenTrial]) -> PruningSession:
        nothing: dict[str, Any] = {"params": {}, "distributions": {}}
        return Judge(pruner="halving", steps=scored_at, number=number, history=history, **nothing).session()

    first = session(0, {})
    assert not any(first.report(step, 5.0) for step in scored_at)
    history = {0: create_trial(state=TrialState.COMPLETE, value=5.0, system_attrs=first.notes)}
    for rung in range(3):
        other = session(2, history)
        values = [4.0] * rung + [6.0]
        verdicts = [other.report(step, value) for step, value in zip(scored_at[: rung + 1], values, strict=True)]
        assert verdicts == [False] * rung + [True]


@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": "random", "pruner": "median"},
        {"sampler": "random", "pruner": "hyperband"},
        {"sampler": "gp", "pruner": "none"},
    ],
)
def test_other_samplers_and_pruners_make_trials(changes: dict[str, Any], tmp_path: Path) -> None:
    found = search(tmp_path, dataclasses.replace(SETTINGS, trials=3, reports=1, **changes))
    assert [trial.outcome.state for trial in found.trials] == ["finished"] * 3


def test_a_grid_is_walked_once_and_ends(tmp_path: Path) -> None:
    keys = [key for key in SPACE.keys if key != "latent.size"]
    settings = SPACE.variant.flat()
    space = make_space(SPACE.variant, fixed={key: settings[key] for key in keys}, narrowed={"latent.size": "8,16,32"})
    found = search(tmp_path, dataclasses.replace(SETTINGS, space=space, sampler="grid", pruner="none", trials=50))
    assert [trial.values["latent.size"] for trial in found.trials] == [8, 16, 32]


def test_two_objectives_give_a_front(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, trials=3, pruner="none", objective="score-and-seconds", reports=1)
    found = search(tmp_path, settings)
    best = front(found.trials)
    assert best
    seconds = [trial.outcome.train_seconds for trial in best]
    values = [trial.outcome.value or 0.0 for trial in best]
    assert seconds == sorted(seconds)
    assert values == sorted(values, reverse=True)


# --- refused ---


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": "random"}, "sampler = tpe, now it is random"),
        (
            {"space": make_space(SPACE.variant, narrowed={**NARROW, "latent.size": "8:9"})},
            "space of latent.size = 8:200",
        ),
        ({"seeds": 3}, "seeds = 2, now it is 3"),
    ],
)
def test_a_stored_search_that_differs_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    search(tmp_path, dataclasses.replace(SETTINGS, trials=1))
    with pytest.raises(ConfigError, match=message):
        search(tmp_path, dataclasses.replace(SETTINGS, **changes))
    assert search(tmp_path, dataclasses.replace(SETTINGS, trials=1, **changes), fresh=True).trials


def test_a_pruned_trial_has_one_objective() -> None:
    with pytest.raises(ConfigError, match="cannot be pruned"):
        dataclasses.replace(SETTINGS, objective="score-and-seconds")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/no/such.db", "oracle://a:secret@127.0.0.1:1/b"])
def test_a_storage_out_of_reach_is_named_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="storage") as caught, open_storage(SETTINGS, url):
        pass
    assert "secret" not in str(caught.value)


def test_a_search_at_work_is_not_joined(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    with open_storage(SETTINGS, url), pytest.raises(StoreError, match="another command"), open_storage(SETTINGS, url):
        pass


def test_a_name_that_is_no_name_of_a_folder_is_refused() -> None:
    """Its folder is removed by --fresh."""
    for name in ("..", ".", "a/b", ""):
        with pytest.raises(ConfigError, match="search name"):
            dataclasses.replace(SETTINGS, name=name)
