"""The kinds' contracts: what is known of a part where there is no torch, beside its name and its builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ablations.config.registry import Part


@dataclass(frozen=True, kw_only=True)
class LossFacts(Part):
    """The builder is an `ablations.parts.losses.LossFunction`; a user's own may be a function that makes one of its
    settings: see `own_settings`.
    """

    outputs: tuple[str, ...]
    """The output layers of D that it can be taken of."""
    reason: str = ""
    """Why these."""
    ideal: float | None = None
    """Each half of D's loss where D cannot tell real from fake (S0-a): D = 1/2, a logit of 0. None: it has none."""
    generator_ideal: float | None = None
    """G's loss there, with the non-saturating objective; with the saturating one it is minus `ideal`."""
    paired: bool = False
    """Each half sees D's outputs on real and on fake images, and so does G's loss."""
    search: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The settings of its own that a search tunes unless told otherwise, and in which range."""


@dataclass(frozen=True, kw_only=True)
class PenaltyFacts(Part):
    """The builder is an `ablations.parts.penalties.Penalty`, or None where nothing is added to D's loss."""

    uniform_draws: int = 0
    """Numbers, uniform in [0, 1), that it draws for each image of a batch."""
    search: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """As of a loss."""


@dataclass(frozen=True, kw_only=True)
class NormalizationFacts(Part):
    """The builder takes the name of the layer and the shape of one sample, and gives layers."""

    over_batch: bool = False
    """It mixes the samples of a batch."""


@dataclass(frozen=True, kw_only=True)
class OutputFacts(Part):
    """The builder is an `ablations.parts.outputs.Output`."""

    image_range: Literal["unit", "symmetric"] | None = None
    """The range of images that G reaches with it."""


@dataclass(frozen=True, kw_only=True)
class OptimizerFacts(Part):
    """The builder takes parameters, a `config.Optimizer` and whether they are on a GPU, and gives an elementwise
    torch.optim.Optimizer; the built-in ones are no more of it than training asks for (`AnyOptimizer`).
    """

    transfers: int = 7
    """Values that a step reads and writes for each parameter, by which its time is estimated: 7 of Adam, 3 of SGD."""


@dataclass(frozen=True, kw_only=True)
class ArchitectureFacts(Part):
    """The builder is an `ablations.parts.networks.Architecture`, or the `ModuleFactories` of a user's own modules."""

    convolutional: bool = False
    """`hidden` counts channels of maps, and each block has a size in `kernels`; else `hidden` counts units."""


@dataclass(frozen=True, kw_only=True)
class DatasetFacts(Part):
    """The builder takes the data folder and a function that is told what is fetched, and gives a `data.Dataset`."""

    title: str = ""
    frozen: bool = False
    """It is scored by the extractors that this project ships; others have extractors of their own."""
    mixed: bool = False
    """Its images come in an order that says nothing of them, so that the first ones stand for all. Others are shuffled
    when they are loaded, always in the same way.
    """
    files: str | None = None
    """Pattern, below the data folder, of the four IDX files that it is read from; empty where it is read from none,
    None where that is not known beforehand.
    """


@dataclass(frozen=True, kw_only=True)
class MetricFacts(Part):
    """Of a user's own: the built-in ones are rows of `catalog.metrics`. The builder takes a
    `scoring.metrics.values.Samples` and a `Reference`, what an extractor sees in both, and gives a number.
    """

    label: str = ""
    about: str = ""
    unit: str = ""
    better: Literal["lower", "higher", "neither"] = "neither"
    rises: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    """What damages of the certificate (`scoring.certify.damages`) must do to it, by their names: `ablations certify`
    holds it to that.
    """


@dataclass(frozen=True, kw_only=True)
class ExtractorFacts(Part):
    """Of a user's own: the built-in ones are rows of `scoring.extractors`. The builder takes nothing, or of `shape`
    (channels, height, width) what it names, and gives an `nn.Module` or another function: of images (n, channels,
    height, width) in [0, 1] features (n, d), or these and the probabilities of the classes (n, classes).
    """

    replaces: Literal["", "reader", "contrastive"] = ""
    """The built-in extractor that it takes the place of, with its verdicts; empty: it looks beside them."""
