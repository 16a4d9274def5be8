"""How the rows of the claims say what they test: one function a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ablations.config.claim import D_LOSS, Check, Curve, Expectation, Measure, Value
from ablations.config.parts import LOSSES

Setting = Literal["document", "harness"]
SETTINGS: Mapping[str, str] = {"document": "the document's setting", "harness": "the harness' own"}
"""`document`: the loop, networks and length of the document that says it. `harness`: the baseline of this project and
its axes."""
FIRST_TENTH = (0.02, 0.1)
"""Once D has learned to tell noise from digits, which takes some dozens of steps."""


def check(setting: Setting, says: str, measure: Measure, expect: Expectation, against: Measure | float) -> Check:
    return Check(setting=setting, says=says, measure=measure, expect=expect, against=against)


def score(setting: Setting, says: str, better: str, worse: str) -> Check:
    """`better` has the lower final score."""
    return check(setting, says, Value(of=better), "lower", Value(of=worse))


def rise(setting: Setting, says: str, variant: str) -> Check:
    """D's loss in the last tenth is above that of the first."""
    start, stop = FIRST_TENTH
    late, early = Curve(of=variant, curve=D_LOSS, start=0.9), Curve(of=variant, curve=D_LOSS, start=start, stop=stop)
    return check(setting, says, late, "higher", early)


def above(setting: Setting, says: str, variant: str, criterion: str) -> Check:
    """D's loss ends above a tenth of the ideal: not near 0."""
    ideal = LOSSES[criterion].ideal
    assert ideal is not None, f"the loss {criterion} has no ideal"
    return check(setting, says, Curve(of=variant, curve=D_LOSS, start=0.9), "higher", ideal / 10)


def mostly(setting: Setting, says: str, variant: str, name: str) -> Check:
    """More than half."""
    return check(setting, says, Value(of=variant, metric=name), "higher", 0.5)


def falls(setting: Setting, says: str, variant: str, step: int, until: int | None = None) -> Check:
    """The score is lower at the end, or at the step `until`, than at a step."""
    return check(setting, says, Value(of=variant, step=until), "lower", Value(of=variant, step=step))


def halves(setting: Setting, says: str, variant: str, step: int) -> Check:
    """The score at a step is below half of what it was before the training."""
    return check(setting, says, Value(of=variant, step=step), "lower", Value(of=variant, step=0, scale=0.5))


def stays(setting: Setting, says: str, variant: str, step: int, until: int | None = None) -> Check:
    """The score at the end, or at the step `until`, equals that at a step within the report's margin. Only a difference
    shown to be larger than the margin speaks against it.
    """
    return check(setting, says, Value(of=variant, step=until), "equal", Value(of=variant, step=step))
