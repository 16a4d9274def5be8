"""What became of the documents' sanity check: D alone against images of noise (S0, S1). No torch."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ablations.config import sha256_of
from ablations.config.errors import UserError
from ablations.config.overrides import LEFT_OUT, build, plain

FILE = "noise_checks.json"
PASSED = 0.95
"""The share of the test images, and of as many new images of noise, that D must tell right."""


@dataclass(frozen=True, kw_only=True)
class Longer:
    """How D does after more updates."""

    steps: int
    real_right: float
    noise_right: float

    @property
    def passed(self) -> bool:
        return min(self.real_right, self.noise_right) >= PASSED


@dataclass(frozen=True, kw_only=True)
class NoiseCheck:
    """D of a variant, trained alone, with or without labels: one seed."""

    variant: str
    identity: str
    """Of D, the data and the steps: see `check_identity`."""
    labels: bool
    """D is told a label: of a real image its own, of noise a random one."""
    images: int
    """Real images that D has seen; and as many of noise."""
    at: tuple[int, ...]
    """Steps: the ends of stretches of training over which the means of the curves are taken."""
    d_real: tuple[float, ...]
    """Mean probability that D gives real images of its batches."""
    d_noise: tuple[float, ...]
    """Mean probability that D gives noise."""
    real_right: float
    """Share of the test images that D takes for real at the end, in eval mode."""
    noise_right: float
    """Share of as many new images of noise that it does not."""
    over_one: bool = field(default=False, metadata=LEFT_OUT)
    """D's normalisation is over a batch, and a batch is one image."""
    longer: Longer | None = field(default=None, metadata=LEFT_OUT)
    """Of one that fails: the same D, trained for longer."""

    @property
    def passed(self) -> bool:
        return min(self.real_right, self.noise_right) >= PASSED

    @property
    def says(self) -> str:
        """Of one that fails: whether it passes later, and why it may be slow; empty of one that passes."""
        if self.passed:
            return ""
        said = []
        if (later := self.longer) is not None:
            shares = f"{later.real_right:.1%} of the test images and {later.noise_right:.1%} of the noise right"
            verb = "passes" if later.passed else "fails still"
            said.append(f"trained for {later.steps:,} updates it {verb}: {shares}")
        if self.over_one:
            said.append(
                "BatchNorm over a batch of one image takes each map's own mean and spread out of it, so that D has the "
                "pattern alone to tell noise by, and learns that more slowly"
            )
        return f"D of {self.variant} {'with' if self.labels else 'without'} labels fails: {'; '.join(said)}."

    def as_dict(self) -> dict[str, Any]:
        return typing.cast(dict[str, Any], plain(self)) | {"passed": self.passed}

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`. Raises `ConfigError` for unknown keys and wrong types."""
        return typing.cast(Self, build(cls, {key: item for key, item in tree.items() if key != "passed"}, "check"))


def check_identity(variant_digest: str, data_digest: str, steps: int, labels: bool, numerics: int) -> str:
    """Two checks of one identity have the same outcome."""
    return sha256_of([variant_digest, data_digest, steps, labels, numerics])[:20]


def read_checks(content: bytes | None) -> tuple[NoiseCheck, ...]:
    """From what was kept beside a study; none where nothing was, or where it cannot be read: they can be made again."""
    try:
        return tuple(NoiseCheck.from_dict(tree) for tree in json.loads(content or b"[]"))
    except (UserError, ValueError, TypeError, AttributeError):
        return ()
