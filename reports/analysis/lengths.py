"""Every contrast of a study judged at each scored step, as if training had ended there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.config import Contrast, Study
from ablations.store.outcomes import outcome, outcome_at
from ablations.store.result import Evaluation, Result
from reports.analysis.agreement import Answer, Measures, agree
from reports.analysis.along import Along, along
from reports.analysis.comparison import Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.statuses import Statuses
from reports.analysis.verdicts import Scores, compare


@dataclass(frozen=True, kw_only=True)
class Course:
    """How the answer to one contrast came about."""

    by_step: Mapping[int, Comparison]
    """By the metric that carries the verdict; its verdict is the agreed one. Steps are the treatment's."""
    said: Along
    epochs: float | None
    """Of the treatment's whole training, as D sees the images; None where the runs do not say how many they are."""
    against: float | None
    """The same of the reference."""

    @property
    def length(self) -> str:
        """The training length that the verdict holds for, such as "at 2,000 steps, 2.1 epochs", and, where D sees the
        images more often on one side, "3.8 against 0.76 epochs".
        """
        steps = f"at {self.said.steps:,} steps"
        if self.epochs is None:
            return steps
        both = (item for item in (self.epochs, self.against) if item is not None)
        numbers = [f"{item:.2g}" if item < 10 else f"{item:,.0f}" for item in both]
        return f"{steps}, {' against '.join(dict.fromkeys(numbers))} epochs"


def courses(
    study: Study, results: Sequence[Result], measures: Measures, rules: Rules, answers: Sequence[Answer]
) -> tuple[Course | None, ...]:
    """One for each of the study's contrasts; None where nothing was scored.

    Variants of different lengths are compared at the same share of their training: evaluations are paired in their
    order. What stands at the last one is the study's own answer.
    """
    own = {v.name: [r for r in results if r.run.variant.name == v.name] for v in study.variants}
    steps = {name: scored_steps(runs) for name, runs in own.items()}
    ticks = max(map(len, steps.values()), default=0)
    judged = [_tick(study.contrasts, own, steps, back, measures, rules) for back in range(ticks, 1, -1)]
    found: list[Course | None] = []
    for index, answer in enumerate(answers):
        names = (answer.main.contrast.treatment, answer.main.contrast.reference)
        shared = min(len(steps[name]) for name in names)
        if not shared:
            found.append(None)
            continue
        mine = steps[names[0]][len(steps[names[0]]) - shared :]
        earlier = [items[index] for items in judged[len(judged) - shared + 1 :]] if shared > 1 else []
        by_step = dict(zip(mine, [*earlier, answer.main], strict=True))
        ours, theirs = (epochs(own[name][0]) for name in names)
        found.append(Course(by_step=by_step, said=along(by_step), epochs=ours, against=theirs))
    return tuple(found)


def scored_steps(runs: Sequence[Result]) -> list[int]:
    """The steps after the first at which any of these runs was scored, increasing."""
    return sorted({item.step for run in runs for item in run.evaluations if item.step > 0})


def epochs(result: Result) -> float | None:
    """How many times the whole training saw each image, on average."""
    variant, there = result.run.variant, result.environment.get("training_images", "")
    if not there.isdecimal() or variant.update.once_an_epoch:
        return None
    images = min(int(there), variant.training_images)
    return variant.steps * variant.batch_size * variant.update.discriminator_steps / images


def _tick(
    contrasts: Sequence[Contrast],
    own: Mapping[str, Sequence[Result]],
    steps: Mapping[str, Sequence[int]],
    back: int,
    measures: Measures,
    rules: Rules,
) -> tuple[Comparison, ...]:
    """All contrasts at the evaluation that is `back` places from the last, which is 1."""
    there = {
        name: {run.run.seed: _at(run, steps[name][-back]) for run in runs}
        for name, runs in own.items()
        if len(steps[name]) >= back
    }
    statuses: Statuses = {
        variant: {run.run.seed: _status(run, there[variant][run.run.seed]) for run in own[variant]} for variant in there
    }
    bare = replace(rules, noise_floor=0.0)

    def judged(name: str | None) -> Sequence[Comparison | None]:
        if name is None:
            return [None] * len(contrasts)
        scores: Scores = {
            variant: {seed: item.metrics[name] for seed, item in by_seed.items() if item and name in item.metrics}
            for variant, by_seed in there.items()
        }
        return compare(scores, contrasts, rules if name == measures.primary else bare, statuses, with_power=False)

    one, other, shares = (judged(name) for name in (measures.primary, measures.second, measures.shares))
    return tuple(agree(item, b, c) for item, b, c in zip(one, other, shares, strict=True) if item is not None)


def _at(run: Result, step: int) -> Evaluation | None:
    return next((item for item in run.evaluations if item.step == step), None)


def _status(run: Result, there: Evaluation | None) -> str:
    """A run that diverged later on was still there at this step."""
    return outcome(run).status if there is None else outcome_at(there.metrics).status
