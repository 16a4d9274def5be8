"""What a claim and its tests are made of. The rows of the documents' claims stand in `catalog.claims`, those of a
user's own in a study file. No torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ablations.config.errors import ConfigError
from ablations.config.rules import check_name

SCORE = "score"
"""As the name of a metric: the one that verdicts are given on, which needs both kinds of features to agree."""
D_LOSS = "d_loss"
"""As the name of a curve: the mean of the two halves of D's loss."""
WORST_LABEL_ACCURACY = "worst_label_accuracy"
"""As the name of a metric: the least over the classes."""

Expectation = Literal["lower", "higher", "equal", "among"]
"""Of the measure, against what it is held against: lower, higher, equal within the report's margin, or (for a printed
figure) that the printed number could be one more seed's."""
Kind = Literal["claim", "question", "figures", "slip"]
"""A question is described, never confirmed or refuted; figures are printed numbers, a slip is an error in print."""
Rule = Literal["as a whole", "every case", "some case"]
"""Which tests decide; `RULES` has the words."""
RULES: Mapping[Rule, str] = {
    "as a whole": (
        "confirmed where every test speaks for it; refuted where all speak against it; depends where some speak for it "
        "and some against"
    ),
    "every case": "the same, and refuted too where one test speaks against it and none for it",
    "some case": "confirmed where one test speaks for it; refuted where all speak against it",
}
"""What is neither is not shown."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """What a metric is worth at one evaluation of a run."""

    of: str
    """A variant of the study; of the documents' claims, "study/variant"."""
    metric: str = SCORE
    """Without its number of samples, or one that the report derives: `worst_label_accuracy`, over the classes."""
    step: int | None = None
    """The evaluation at this step; None: the last one."""
    same_seconds: str | None = None
    """Another variant: both are read off, by interpolation, at the training seconds of the faster one."""
    scale: float = 1.0
    """The number is multiplied by this."""

    def __post_init__(self) -> None:
        if self.step is not None and self.step < 0:
            raise ConfigError(f"a claim's test of {self.of!r}: step must be 0 or more, not {self.step}")


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The mean of a per-step quantity over a part of the training."""

    of: str
    curve: str
    """One of `quantities.CURVES`, or `d_loss`: the mean of the two halves of D's loss."""
    start: float = 0.0
    stop: float = 1.0
    """Shares of the steps, 0 to 1."""
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= 1:
            raise ConfigError(
                f"a claim's test of {self.of!r}: start and stop are shares of the training, "
                f"0 <= start < stop <= 1, not {self.start} and {self.stop}"
            )


Measure = Value | Curve


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison, and what the claim expects of it."""

    setting: str = ""
    """Where it is tested, in a word or two: the tests of one setting have an answer of their own. Empty: no setting."""
    says: str
    measure: Value | Curve
    expect: Expectation
    against: Value | Curve | float

    def __post_init__(self) -> None:
        if not self.says:
            raise ConfigError("a claim's test must say in words what it tests: its `says` is empty")
        if self.expect == "among" and not isinstance(self.against, float | int):
            raise ConfigError(
                f"the test {self.says!r}: expect = 'among' asks whether a printed number could be one more seed's, so "
                "`against` must be a number"
            )

    @property
    def sides(self) -> tuple[Measure, ...]:
        """What is measured of runs."""
        return tuple(side for side in (self.measure, self.against) if isinstance(side, Value | Curve))


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What somebody says, and how runs answer: by its `rule`. A question is not confirmed or refuted but described."""

    name: str
    kind: Kind = "claim"
    text: str
    tests: tuple[Check, ...] = ()
    rule: Rule = "as a whole"
    denied: bool = False
    """The tests state the opposite: where they hold, the claim is refuted."""
    reading: str = ""
    """How a vague claim was read."""
    in_short: str = ""
    """What came out, in a sentence or two, written after the runs: a table shows it beside the answer. Its figures are
    those of the tests."""
    before: str = ""
    """How it was answered before: from which runs, by which tests, and which of them were given up since."""
    seen: str = ""
    """What its runs showed beside its tests: remarks that were written after them, and that no answer rests on."""
    beyond: str = ""
    """Why no test here can answer it, or a part of it."""
    command: str = ""
    """What would answer it."""

    def __post_init__(self) -> None:
        check_name("claim", self.name)
        if not self.tests and not self.beyond:
            raise ConfigError(f"the claim {self.name!r} has no tests; give it some, or say in `beyond` why none can be")

    @property
    def source(self) -> str:
        return self.name.partition("-")[0]

    @property
    def variants(self) -> tuple[str, ...]:
        """Those that its tests measure, each once."""
        sides = [side for test in self.tests for side in test.sides]
        others = [side.same_seconds for side in sides if isinstance(side, Value) and side.same_seconds]
        return tuple(dict.fromkeys([side.of for side in sides] + others))


def studies_of(claims: Iterable[Claim]) -> Mapping[str, set[str]]:
    """Of claims that say "study/variant": study to the variants that the tests need of it, in the claims' order."""
    needed: dict[str, set[str]] = {}
    for claim in claims:
        for of in claim.variants:
            study, _, variant = of.partition("/")
            needed.setdefault(study, set()).add(variant)
    return needed
