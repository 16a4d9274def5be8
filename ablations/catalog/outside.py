"""An outside check: losses that others compared, tuned with equal budgets, and what their table says. Rows of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations.catalog.axis import Axis, Level

STEPS = 18_750
"""Twenty epochs of 60,000 images in batches of 64, as there."""

LUCIC_LOSSES = Axis(
    name="lucic",
    question="Which loss, tuned for twenty epochs?",
    levels=(
        Level(
            name="ns-gan",
            label="non-saturating",
            overrides={
                "loss.criterion": "bce_logits",
                "loss.generator": "non_saturating",
                "loss.penalty": "none",
                "discriminator.output": "logits",
            },
        ),
        Level(
            name="mm-gan",
            label="minimax, saturating",
            overrides={
                "loss.criterion": "bce_logits",
                "loss.generator": "saturating",
                "loss.penalty": "none",
                "discriminator.output": "logits",
            },
        ),
        Level(
            name="ls-gan",
            label="least squares",
            overrides={
                "loss.criterion": "mse",
                "loss.generator": "non_saturating",
                "loss.penalty": "none",
                "discriminator.output": "sigmoid",
            },
        ),
        Level(
            name="wgan-gp",
            label="Wasserstein with gradient penalty",
            overrides={
                "loss.criterion": "wasserstein",
                "loss.generator": "non_saturating",
                "loss.penalty": "gradient_penalty",
                "discriminator.output": "logits",
            },
        ),
        Level(
            name="hinge-gan",
            label="hinge",
            overrides={
                "loss.criterion": "hinge",
                "loss.generator": "non_saturating",
                "loss.penalty": "none",
                "discriminator.output": "logits",
            },
        ),
    ),
    sources=(),
)
"""The last is not in their table. The levels are crossings of two axes of the documents, so it is none of these."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A row of somebody's table."""

    name: str
    """As it is called there."""
    mean: float
    spread: float
    """Standard deviation over their runs of the best settings."""
    level: str | None
    """Of the axis here; None: there is none like it."""


@dataclass(frozen=True, kw_only=True)
class OutsideTable:
    source: str
    what: str
    rows: tuple[Printed, ...]
    differs: tuple[str, ...]
    """What is not the same there and here, which a disagreement may be owed to."""


LUCIC_2018 = OutsideTable(
    source="Lucic, Kurach, Michalski, Gelly, Bousquet 2018, Are GANs Created Equal?, arXiv 1711.10337, table 2, MNIST",
    what=(
        "the best FID of a large search of hyperparameters, the mean and the standard deviation over 50 trainings of "
        "the best settings"
    ),
    rows=(
        Printed(name="MM GAN", mean=9.8, spread=0.9, level="mm-gan"),
        Printed(name="NS GAN", mean=6.8, spread=0.5, level="ns-gan"),
        Printed(name="LSGAN", mean=7.8, spread=0.6, level="ls-gan"),
        Printed(name="WGAN", mean=6.7, spread=0.4, level=None),
        Printed(name="WGAN GP", mean=20.3, spread=5.0, level="wgan-gp"),
        Printed(name="DRAGAN", mean=7.6, spread=0.4, level=None),
        Printed(name="BEGAN", mean=13.1, spread=1.0, level=None),
    ),
    differs=(
        "their distance is in features of photographs (Inception), ours in features of digits: only orders compare",
        "their networks are convolutional with BatchNorm, ours dense with LayerNorm",
        "they try a hundred settings of each loss, ours are a handful; they choose one or five D steps, ours is one",
        "their least squares act on a linear output, ours on a Sigmoid",
    ),
)

OUTSIDE_AXES: Mapping[str, Axis] = {LUCIC_LOSSES.name: LUCIC_LOSSES}
"""Beside the axes of the documents, for the same commands."""
TABLES: Mapping[str, OutsideTable] = {LUCIC_LOSSES.name: LUCIC_2018}
"""By the axis that it is held against."""

_HELD = (
    "generator.hidden", "discriminator.hidden", "generator.slope", "discriminator.slope", "generator.dropout",
    "discriminator.dropout", "generator_optimizer.beta2", "discriminator_optimizer.beta2", "latent.size", "batch_size",
    "update.discriminator_steps",
)  # fmt: skip


def lucic_tuning(baseline: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the losses are tuned: both learning rates and both beta1 of Adam, all else held at the baseline's settings.

    The budget is the same for each loss: as many trials, seeds and steps. The variant as it is is the first
    trial of each. About an hour of one core.
    """
    return {
        "trials": 6,
        "seeds": 1,
        "steps": STEPS,
        "finalists": 0,
        "final_seeds": 5,
        "with_defaults": False,
        "narrowed": {},
        "fixed": {key: baseline[key] for key in _HELD},
    }
