"""The parts that a variant may name: one row each, with what must be known of it where there is no torch.

A new part of this package is a builder in `ablations.parts` (or `ablations.data`) and a row here; a user's own is one
call of `register`. Nothing else has to know its name.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

from ablations.config.errors import unknown
from ablations.config.origin import origin_of_caller
from ablations.config.own_modules import SIDES, ModuleFactories, check_factory, settings_of
from ablations.config.own_settings import check_ranges, check_settings
from ablations.config.part_facts import (
    ArchitectureFacts,
    DatasetFacts,
    ExtractorFacts,
    LossFacts,
    MetricFacts,
    NormalizationFacts,
    OptimizerFacts,
    OutputFacts,
    PenaltyFacts,
)
from ablations.config.registry import Part, Registry

_ANY_NUMBER = "it takes any number"

LOSSES = Registry(
    "loss",
    LossFacts,
    {
        "mse": LossFacts(
            builder="ablations.parts.losses:MSE",
            outputs=("sigmoid",),
            reason="its targets 0 and 1 are probabilities",
            ideal=0.25,
            generator_ideal=0.25,
        ),
        "bce": LossFacts(
            builder="ablations.parts.losses:BCE",
            outputs=("sigmoid",),
            reason="binary cross-entropy takes a probability (for a D without Sigmoid there is criterion=bce_logits)",
            ideal=math.log(2),
            generator_ideal=math.log(2),
        ),
        "bce_logits": LossFacts(
            builder="ablations.parts.losses:BCE_LOGITS",
            outputs=("logits",),
            reason="it applies the Sigmoid itself",
            ideal=math.log(2),
            generator_ideal=math.log(2),
        ),
        "hinge": LossFacts(
            builder="ablations.parts.losses:HINGE",
            outputs=("logits",),
            reason=_ANY_NUMBER,
            ideal=1.0,
            generator_ideal=0.0,
        ),
        "wasserstein": LossFacts(builder="ablations.parts.losses:WASSERSTEIN", outputs=("logits",), reason=_ANY_NUMBER),
        "relativistic": LossFacts(
            builder="ablations.parts.losses:RELATIVISTIC",
            outputs=("logits",),
            reason="it applies the Sigmoid itself",
            ideal=math.log(2),
            generator_ideal=math.log(2),
            paired=True,
        ),
    },
)

PENALTIES = Registry(
    "penalty",
    PenaltyFacts,
    {
        "none": PenaltyFacts(builder=None),
        "gradient_penalty": PenaltyFacts(
            builder="ablations.parts.penalties:gradient_penalty", settings=("penalty_weight",), uniform_draws=1
        ),
        "r1": PenaltyFacts(builder="ablations.parts.penalties:r1", settings=("penalty_weight",)),
    },
)

ACTIVATIONS = Registry(
    "activation",
    Part,
    {
        "sigmoid": Part(builder="ablations.parts.activations:sigmoid"),
        "relu": Part(builder="ablations.parts.activations:relu"),
        "leaky_relu": Part(builder="ablations.parts.activations:leaky_relu", settings=("slope",)),
        "gelu": Part(builder="ablations.parts.activations:gelu"),
        "tanh": Part(builder="ablations.parts.activations:tanh"),
    },
)
"""A builder takes the `config.Network` and gives a function from tensor to tensor."""

NORMALIZATIONS = Registry(
    "normalization",
    NormalizationFacts,
    {
        "none": NormalizationFacts(builder="ablations.parts.normalizations:none"),
        "layer": NormalizationFacts(builder="ablations.parts.normalizations:layer"),
        "batch": NormalizationFacts(builder="ablations.parts.normalizations:batch", over_batch=True),
    },
)

WEIGHT_NORMS = Registry(
    "weight_norm",
    Part,
    {"none": Part(builder=None), "spectral": Part(builder="ablations.parts.weight_norms:Spectral")},
)
"""A builder takes the layers of a network and gives an `ablations.parts.weight_norms.WeightNorm`."""

OUTPUTS = Registry(
    "output",
    OutputFacts,
    {
        "sigmoid": OutputFacts(builder="ablations.parts.outputs:SIGMOID", image_range="unit"),
        "tanh": OutputFacts(builder="ablations.parts.outputs:TANH", image_range="symmetric"),
        "logits": OutputFacts(builder="ablations.parts.outputs:LOGITS"),
    },
)

OPTIMIZERS = Registry(
    "optimizer",
    OptimizerFacts,
    {
        "adam": OptimizerFacts(
            builder="ablations.parts.optimizers:Adam", settings=("learning_rate", "beta1", "beta2"), transfers=7
        ),
        "sgd": OptimizerFacts(
            builder="ablations.parts.optimizers:Sgd", settings=("learning_rate", "momentum"), transfers=3
        ),
    },
)
"""Adam moves p, m and v twice and the gradient once; SGD p twice and the gradient."""

INITIALIZATIONS = Registry(
    "initialization",
    Part,
    {
        "framework": Part(builder="ablations.parts.initializations:framework"),
        "xavier": Part(builder="ablations.parts.initializations:xavier"),
        "normal": Part(builder="ablations.parts.initializations:normal"),
    },
)
"""A builder takes a `numpy.random.Generator` and an `ablations.parts.layers.TensorSpec`, and gives the values."""

ARCHITECTURES = Registry(
    "architecture",
    ArchitectureFacts,
    {
        "mlp": ArchitectureFacts(builder="ablations.parts.mlp:MLP", settings=("hidden",)),
        "cnn": ArchitectureFacts(builder="ablations.parts.cnn:CNN", settings=("hidden", "kernels"), convolutional=True),
        "celeba_cnn": ArchitectureFacts(
            builder="ablations.parts.celeba_cnn:CELEBA_CNN", settings=("hidden", "kernels"), convolutional=True
        ),
    },
)

DATASETS = Registry(
    "dataset",
    DatasetFacts,
    {
        "mnist": DatasetFacts(
            builder="ablations.data.mnist:load_mnist",
            title="MNIST, 60,000 + 10,000 digits",
            frozen=True,
            mixed=True,
            files="MNIST/raw/*-ubyte*",
        ),
        "digits": DatasetFacts(
            builder="ablations.data.digits:load_digits",
            title="1,797 digits of scikit-learn",
            frozen=True,
            mixed=True,
            files="",
        ),
        "fashion-mnist": DatasetFacts(
            builder="ablations.data.kin:load_fashion_mnist", title="clothes, 28x28", files="FashionMNIST/raw/*-ubyte*"
        ),
        "kmnist": DatasetFacts(
            builder="ablations.data.kin:load_kmnist", title="Japanese letters, 28x28", files="KMNIST/raw/*-ubyte*"
        ),
        "emnist-letters": DatasetFacts(
            builder="ablations.data.kin:load_emnist_letters",
            title="Latin letters, 28x28",
            files="EMNIST/raw/emnist-letters-*-ubyte*",
        ),
        "celeba": DatasetFacts(builder="ablations.data.folders:load_celeba", title="aligned faces, 128x128, no labels"),
        "celeba-32": DatasetFacts(builder="ablations.data.folders:load_small_celeba", title="the same, 32x32"),
        "faces": DatasetFacts(
            builder="ablations.data.faces:load_faces", title="drawn faces, 32x32, no labels", mixed=True
        ),
    },
)

METRIC_PARTS = Registry("metric", MetricFacts, {})
EXTRACTOR_PARTS = Registry("extractor", ExtractorFacts, {})

KINDS: Mapping[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (
        LOSSES,
        PENALTIES,
        ACTIVATIONS,
        NORMALIZATIONS,
        WEIGHT_NORMS,
        OUTPUTS,
        OPTIMIZERS,
        INITIALIZATIONS,
        ARCHITECTURES,
        DATASETS,
        METRIC_PARTS,
        EXTRACTOR_PARTS,
    )
}


def register(kind: str, name: str, builder: Any, **facts: Any) -> None:
    """Add a part of one's own, by the door through which the built-in ones came.

    `register("loss", "my_hinge", Halves(...), outputs=("logits",))` is all that it takes to train with
    `loss.criterion=my_hinge`. Which facts a kind has, its contract above says. The kinds "generator" and
    "discriminator" take a function that makes an `nn.Module`: see `own_modules`; both sides may have one name.
    Losses and penalties may take settings too: see `own_settings`. `search={"width": "32:256"}` says what a search
    tunes of a part's own settings.

    The part's identity is the SHA-256 of the source text that calls this.

    Raises:
        ConfigError: no such kind or fact, a fact that is missing, a name that is taken, or nothing that can be called.
    """
    origin, line = origin_of_caller(1), sys._getframe(1).f_lineno
    if kind in SIDES:
        check_factory(kind, name, builder)
        search = facts.pop("search", {})
        check_ranges(kind, name, settings_of(builder), search)
        for fact in facts:
            raise unknown(f"fact of the {kind} {name!r}:", fact, ["search"])
        found, other = ARCHITECTURES.get(name), {}
        own = found.builder if found is not None and found.origin == origin else None
        ranges = {kind: search}
        if isinstance(own, ModuleFactories) and own.of(kind) is None:
            other = {side: own.of(side) for side in SIDES}
            ranges |= {side: own.search_of(side) for side in SIDES if side != kind}
            ARCHITECTURES.remove(name)
        factories = ModuleFactories(**{**other, kind: builder}, search=ranges)
        ARCHITECTURES.register(name, factories, origin=origin, line=line, settings=factories.settings)
        return
    if kind not in KINDS:
        raise unknown("kind of part", kind, [*KINDS, *SIDES])
    check_settings(kind, name, builder, facts.get("search", {}))
    KINDS[kind].register(name, builder, origin=origin, line=line, **facts)
