"""The answer by training length: the same contrast at each scored step, as a sentence. Pure.

The answers at single steps are each judged as if they stood alone; the sentence describes how the last one came about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from reports.analysis.comparison import Comparison
from reports.analysis.decisions import OPPOSITE, Verdict

ANSWERS: tuple[Verdict, ...] = ("better", "worse", "equivalent")


@dataclass(frozen=True, kw_only=True)
class Along:
    """How an answer came about over training."""

    verdict: Verdict
    """At the last scored step."""
    steps: int
    """The last scored step: the training length that the verdict names."""
    sign_changes: tuple[int, ...]
    """Steps at which the answer is the opposite of the last one that was better or worse."""
    flips_late: bool
    """Within the last half of training the answer is another one than at the end: longer training may change it."""
    sentence: str


def along(by_step: Mapping[int, Comparison]) -> Along:
    """What to say of one contrast, judged at several steps.

    Raises:
        ValueError: no step.
    """
    if not by_step:
        raise ValueError("no scored step")
    steps = sorted(by_step)
    verdicts = {step: by_step[step].verdict for step in steps}
    final, last = verdicts[steps[-1]], steps[-1]
    changes = sign_changes(verdicts)
    late = flips_late(by_step)
    sentence = _sentence(verdicts, changes)
    if late:
        sentence += "; it still changes in the last half of training, so longer training may change it again"
    return Along(
        verdict=final,
        steps=last,
        sign_changes=changes,
        flips_late=late,
        sentence=sentence,
    )


def sign_changes(verdicts: Mapping[int, Verdict]) -> tuple[int, ...]:
    """Of answers in the order of their steps; what lies between two opposite ones may be no answer."""
    changes, before = [], None
    for step, verdict in verdicts.items():
        if verdict in OPPOSITE:
            if before is not None and verdict != before:
                changes.append(step)
            before = verdict
    return tuple(changes)


def flips_late(by_step: Mapping[int, Comparison]) -> bool:
    """From half of the training on, is there another answer than at the end, or an effect of the other sign?

    A step without an answer is no flip: there the seeds may only be too few. Nor is there one where the end has none
    and no step before it had one. An end that depends on the score has lost no answer as long as the sign stays.
    """
    steps = sorted(by_step)
    half = [by_step[step] for step in steps[:-1] if 2 * step >= steps[-1]]
    end = by_step[steps[-1]]
    if end.verdict == "depends on the score":
        return any(item.verdict in OPPOSITE and _sign(item) * _sign(end) < 0 for item in half)
    if end.verdict not in ANSWERS:
        return any(item.verdict in ANSWERS for item in half)
    other = any(item.verdict in ANSWERS and item.verdict != end.verdict for item in half)
    turned = end.verdict in OPPOSITE and any(_sign(item) * _sign(end) < 0 for item in half)
    return other or turned


def _sentence(verdicts: Mapping[int, Verdict], changes: tuple[int, ...]) -> str:
    stretches = _stretches(verdicts)
    answers = [item for item in stretches if item[0] in ANSWERS]
    final, since, last = stretches[-1]
    if not answers:
        return f"{final} at any length up to step {last:,}"
    if final not in ANSWERS:
        verdict, first, until = answers[-1]
        now = "no longer shown" if final == "no difference shown" else final
        return f"{verdict} {_span(first, until)}, {now} at step {last:,}"
    start = f"changes sign at {', '.join(f'{step:,}' for step in changes)}: " if changes else ""
    if len(verdicts) == 1:
        return f"{final} at step {last:,}, the only one scored"
    return (
        f"{start}{final} at step {last:,} alone" if since == last else f"{start}{final} from step {since:,} to the end"
    )


def _stretches(verdicts: Mapping[int, Verdict]) -> list[tuple[Verdict, int, int]]:
    """Runs of equal verdicts: verdict, first and last step."""
    grouped = [(verdict, [step for step, _ in group]) for verdict, group in groupby(verdicts.items(), lambda p: p[1])]
    return [(verdict, steps[0], steps[-1]) for verdict, steps in grouped]


def _sign(item: Comparison) -> float:
    return 0.0 if math.isnan(item.effect) else math.copysign(float(item.effect != 0), item.effect)


def _span(first: int, last: int) -> str:
    return f"at step {first:,}" if first == last else f"from step {first:,} to {last:,}"
