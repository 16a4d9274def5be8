"""What a claim and its tests are made of; the files beside it have the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ablations.catalog.metrics import PRIMARY

Expectation = Literal["lower", "higher", "equal", "among"]
"""Of the measure, against what it is held against: lower, higher, equal within the report's margin, or (for a printed
figure) that the printed number could be one more seed's."""
Kind = Literal["claim", "question", "figures", "slip"]
Setting = Literal["document", "harness"]
"""`document`: the loop, networks and length of the document that says it. `harness`: the baseline of this project and
its axes."""
SETTINGS: tuple[Setting, ...] = ("document", "harness")


@dataclass(frozen=True, kw_only=True)
class Value:
    """What a metric is worth at one evaluation of a run."""

    of: str
    """ "study/variant"."""
    name: str = PRIMARY
    """Without its number of samples, or one that the report derives: `worst_label_accuracy`, over the classes."""
    step: int | None = None
    """The evaluation at this step; None: the last one."""
    same_seconds: str | None = None
    """Another "study/variant": both are read off, by interpolation, at the training seconds of the faster one."""
    scale: float = 1.0
    """The number is multiplied by this."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The mean of a per-step quantity over a part of the training."""

    of: str
    name: str
    """One of `quantities.CURVES`, or `d_loss`: the mean of the two halves of D's loss."""
    start: float = 0.0
    stop: float = 1.0
    """Shares of the steps, 0 to 1."""
    scale: float = 1.0


Measure = Value | Curve


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison, and what the claim expects of it."""

    setting: Setting = "harness"
    says: str
    measure: Measure
    expect: Expectation
    against: Measure | float


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a document says, and how this project answers.

    The rule: confirmed where every test speaks for it; refuted where every test that shows anything speaks against it,
    and all of them do or the claim is of every case; depends where some speak for it and some against; else not shown.
    A question is not confirmed or refuted but described.
    """

    name: str
    kind: Kind = "claim"
    text: str
    tests: tuple[Check, ...] = ()
    every_case: bool = False
    """It is said of every case, so that one test against it and none for it is enough to refute it."""
    denied: bool = False
    """The tests state the opposite: where they hold, the claim is refuted."""
    reading: str = ""
    """How a vague claim was read."""
    beyond: str = ""
    """Why no test here can answer it, or a part of it."""
    command: str = ""
    """What would answer it."""

    @property
    def source(self) -> str:
        return self.name.partition("-")[0]


def studies_of(claims: Iterable[Claim]) -> Mapping[str, set[str]]:
    """Study to the variants that the tests need of it, in the order of the claims."""
    needed: dict[str, set[str]] = {}
    for claim in claims:
        for test in claim.tests:
            for side in (test.measure, test.against):
                if not isinstance(side, float | int):
                    study, _, variant = side.of.partition("/")
                    needed.setdefault(study, set()).add(variant)
    return needed
