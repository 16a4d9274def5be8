"""A study: variants trained under the same seeds, and the contrasts asked of them, as frozen, validated data."""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ablations.config.claim import Claim
from ablations.config.errors import ConfigError, unknown
from ablations.config.overrides import LEFT_OUT, build, plain
from ablations.config.rules import check_name
from ablations.config.variant import Variant


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A question: is `treatment` better than `reference`? Both name variants of the study."""

    axis: str
    """The axis of the documents' comparison this belongs to, e.g. "optimizer"."""
    question: str
    """As a person would say it, e.g. "Adam instead of SGD"."""
    treatment: str
    reference: str
    claims: tuple[str, ...] = ()
    """The claims of the source documents it speaks to, e.g. ("S1-a",)."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Variants trained under the same seeds, and the contrasts asked of them."""

    name: str
    title: str
    description: str
    variants: tuple[Variant, ...]
    contrasts: tuple[Contrast, ...] = ()
    seeds: int = 5
    """Seeds 0, 1, ..., seeds - 1."""
    reference_seeds: int | None = None
    """Of the variant that most contrasts are held against, which serves all of them; None: as many as of the others."""
    looks: tuple[int, ...] = ()
    """The numbers of seeds at which the contrasts are judged, until they are decided; empty: once, at the end. They are
    fixed before the first look is taken, since the error of the study is shared among them."""
    evaluations: int = 5
    """Evaluations after training starts, equally spaced, the last at the final step; one more before the first step."""
    scored_steps: tuple[int, ...] = ()
    """Steps at which variants that reach them are scored too: those that a document speaks of."""
    dataset: str = "mnist"
    """What it is trained on where nobody says otherwise."""
    claims: tuple[Claim, ...] = field(default=(), metadata=LEFT_OUT)
    """What its runs are to answer beside the contrasts."""

    def __post_init__(self) -> None:
        check_name("study", self.name)
        names = [variant.name for variant in self.variants]
        known = Counter(names)
        if twice := [name for name, count in known.items() if count > 1]:
            raise ConfigError(f"study {self.name!r} has more than one variant named {min(twice)!r}")
        if not names:
            raise ConfigError(f"study {self.name!r} has no variants")
        for contrast in self.contrasts:
            for name in (contrast.treatment, contrast.reference):
                if name not in known:
                    raise unknown(f"variant in contrast {contrast.question!r} of study {self.name!r}:", name, names)
        if self.seeds < 1:
            raise ConfigError(f"study {self.name!r}: seeds must be at least 1, not {self.seeds}")
        if self.reference_seeds is not None and self.reference_seeds < self.seeds:
            raise ConfigError(
                f"study {self.name!r}: reference_seeds must be at least {self.seeds}, the seeds of the other variants, "
                f"not {self.reference_seeds}"
            )
        if self.evaluations < 1:
            raise ConfigError(f"study {self.name!r}: evaluations must be at least 1, not {self.evaluations}")
        if any(step < 0 for step in self.scored_steps):
            raise ConfigError(f"study {self.name!r}: scored_steps must be 0 or more, not {min(self.scored_steps)}")
        if self.looks:
            check_looks(self.looks)
        self._check_claims(names)

    def _check_claims(self, variants: list[str]) -> None:
        said = [claim.name for claim in self.claims]
        if twice := {name for name in said if said.count(name) > 1}:
            raise ConfigError(f"study {self.name!r} has more than one claim named {min(twice)!r}")
        for claim in self.claims:
            for name in claim.variants:
                if name not in variants:
                    raise unknown(f"variant in claim {claim.name!r} of study {self.name!r}:", name, variants)

    def __hash__(self) -> int:
        """Of the names alone: a study is hashed often, and equal studies have equal names."""
        return hash((self.name, tuple(variant.name for variant in self.variants)))

    def variant(self, name: str) -> Variant:
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise unknown(f"variant of study {self.name!r}:", name, [v.name for v in self.variants])

    def restricted(self, names: Collection[str]) -> Study:
        """The study with these of its variants, and the contrasts and claims that need no others."""
        kept = {*names}
        return dataclasses.replace(
            self,
            variants=tuple(variant for variant in self.variants if variant.name in kept),
            contrasts=tuple(c for c in self.contrasts if {c.treatment, c.reference} <= kept),
            claims=tuple(claim for claim in self.claims if {*claim.variants} <= kept),
        )

    def with_operands(self, precision: str) -> Self:
        """As an archive knows it: with operands other than float32 under a name of its own, beside that in float32."""
        return dataclasses.replace(self, name=with_operands(self.name, precision))

    @functools.cached_property
    def main_reference(self) -> str | None:
        """The variant that most contrasts are held against, the first of several; None without contrasts."""
        counts = Counter(contrast.reference for contrast in self.contrasts)
        return max(counts, key=counts.__getitem__, default=None)

    def seeds_of(self, name: str) -> int:
        """How many seeds a variant is trained with."""
        more = self.reference_seeds if name == self.main_reference else None
        return self.seeds if more is None else more

    def as_dict(self) -> dict[str, Any]:
        return typing.cast(dict[str, Any], plain(self))

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> Self:
        return typing.cast(Self, build(cls, tree, "study"))


def check_looks(looks: Sequence[int]) -> None:
    """Raise `ConfigError` for numbers of seeds at which no study can be judged."""
    if not looks or list(looks) != sorted(set(looks)) or looks[0] < 5:
        said = ", ".join(map(str, looks)) or "no"
        raise ConfigError(f"looks at {said} seeds: they must increase, and begin at five or more")


def with_operands(name: str, precision: str) -> str:
    """What a study or a variant is called that is trained with these operands, beside itself in float32."""
    return name if precision == "float32" else f"{name}-{precision}"


def without_operands(name: str, precision: str) -> str:
    """The other way: as the catalog has it."""
    return name.removesuffix(f"-{precision}")


def evaluation_steps(steps: int, evaluations: int, also: Iterable[int] = ()) -> tuple[int, ...]:
    """Step 0, and `evaluations` equally spaced steps of which the last is `steps`; fewer where steps are few. To them
    come those of `also` that the training reaches.
    """
    if evaluations >= steps:
        return tuple(range(steps + 1))
    spaced = {round(steps * index / evaluations) for index in range(evaluations + 1)}
    return tuple(sorted(spaced | {step for step in also if step <= steps}))
