"""The axes that are compared, the documents' own first of all, and every level of each, as overrides of a variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablations.catalog.axis import Axis, Level
from ablations.catalog.normalization_place import NORMALIZATION_PLACE


def _both(**settings: Any) -> dict[str, Any]:
    """The same settings for both networks."""
    return {f"{side}.{key}": value for side in ("generator", "discriminator") for key, value in settings.items()}


def _optimizers(**settings: Any) -> dict[str, Any]:
    return {
        f"{side}_optimizer.{key}": value for side in ("generator", "discriminator") for key, value in settings.items()
    }


_D_STEPS = "update.discriminator_steps"
_G_RATE, _D_RATE = "generator_optimizer.learning_rate", "discriminator_optimizer.learning_rate"

LOSS = Axis(
    name="loss",
    question="Which loss?",
    levels=(
        Level(name="mse", label="MSE", overrides={"loss.criterion": "mse", "discriminator.output": "sigmoid"}),
        Level(name="bce", label="BCE", overrides={"loss.criterion": "bce", "discriminator.output": "sigmoid"}),
        Level(
            name="bce-logits",
            label="BCE on logits",
            overrides={"loss.criterion": "bce_logits", "discriminator.output": "logits"},
        ),
        Level(
            name="hinge",
            label="hinge loss",
            overrides={"loss.criterion": "hinge", "discriminator.output": "logits"},
        ),
        Level(
            name="wasserstein-gp",
            label="Wasserstein with gradient penalty",
            overrides={
                "loss.criterion": "wasserstein",
                "loss.penalty": "gradient_penalty",
                "discriminator.output": "logits",
            },
        ),
        Level(
            name="relativistic",
            label="relativistic average loss",
            overrides={"loss.criterion": "relativistic", "discriminator.output": "logits"},
        ),
    ),
    sources=("S1", "S2", "S3"),
    claims=("S1-a",),
)
"""The last three are of no document: what the field has taken since."""

REGULARIZATION = Axis(
    name="regularization",
    question="Is D kept from growing steep?",
    levels=(
        Level(
            name="no-regularization",
            label="D left free",
            overrides={"loss.penalty": "none", "discriminator.weight_norm": "none"},
        ),
        Level(name="r1", label="R1 penalty", overrides={"loss.penalty": "r1", "discriminator.weight_norm": "none"}),
        Level(
            name="spectral",
            label="spectral normalisation",
            overrides={"loss.penalty": "none", "discriminator.weight_norm": "spectral"},
        ),
    ),
    sources=(),
)

OBJECTIVE = Axis(
    name="objective",
    question="What does G maximise?",
    levels=(
        Level(name="non-saturating", label="log D(G(z)) maximised", overrides={"loss.generator": "non_saturating"}),
        Level(name="saturating", label="log(1 - D(G(z))) minimised", overrides={"loss.generator": "saturating"}),
    ),
    sources=("S2",),
    claims=("S2-a",),
)

ACTIVATION = Axis(
    name="activation",
    question="Which activation?",
    levels=(
        Level(name="sigmoid", label="Sigmoid", overrides=_both(activation="sigmoid")),
        Level(name="leaky-relu-0.02", label="LeakyReLU(0.02)", overrides=_both(activation="leaky_relu", slope=0.02)),
        Level(name="leaky-relu-0.2", label="LeakyReLU(0.2)", overrides=_both(activation="leaky_relu", slope=0.2)),
        Level(name="relu", label="ReLU", overrides=_both(activation="relu")),
        Level(name="gelu", label="GELU", overrides=_both(activation="gelu")),
    ),
    sources=("S1", "S2", "S4"),
    claims=("S1-a",),
)

NORMALIZATION = Axis(
    name="normalization",
    question="Which normalisation?",
    levels=(
        Level(name="no-norm", label="no normalisation", overrides=_both(normalization="none")),
        Level(name="layer-norm", label="LayerNorm", overrides=_both(normalization="layer")),
        Level(name="batch-norm", label="BatchNorm", overrides=_both(normalization="batch")),
    ),
    sources=("S1", "S2"),
    claims=("S1-a", "S1-q"),
)

OPTIMIZER = Axis(
    name="optimizer",
    question="Which optimizer?",
    levels=(
        Level(name="sgd", label="SGD 0.01", overrides=_optimizers(name="sgd", learning_rate=0.01)),
        Level(name="adam", label="Adam 1e-4", overrides=_optimizers(name="adam", learning_rate=1e-4, beta1=0.9)),
        Level(
            name="adam-1e-3",
            label="Adam 1e-3, beta1 0.5",
            overrides=_optimizers(name="adam", learning_rate=1e-3, beta1=0.5),
        ),
    ),
    sources=("S1",),
    claims=("S1-a",),
)

CONDITIONING = Axis(
    name="conditioning",
    question="Are both networks told the label?",
    levels=(
        Level(name="unconditional", label="unconditional", overrides={"conditional": False}),
        Level(name="conditional", label="conditional", overrides={"conditional": True}),
    ),
    sources=("S0", "S1"),
    claims=("S0-b", "S1-d"),
)

ARCHITECTURE = Axis(
    name="architecture",
    question="Dense or convolutional?",
    levels=(
        Level(name="mlp", label="MLP", overrides=_both(architecture="mlp", hidden=(200,), kernels=())),
        Level(
            name="cnn",
            label="CNN",
            overrides={
                "generator.architecture": "cnn",
                "generator.hidden": (10, 10),
                "generator.kernels": (3, 5),
                "discriminator.architecture": "cnn",
                "discriminator.hidden": (10, 10),
                "discriminator.kernels": (5, 3),
            },
        ),
    ),
    sources=("S1",),
    claims=("S1-b",),
)

LATENT_SIZE = Axis(
    name="latent-size",
    question="How long is z?",
    levels=tuple(Level(name=f"z{n}", label=f"z of {n}", overrides={"latent.size": n}) for n in (1, 10, 64, 100, 128)),
    sources=("S1", "S2", "S4"),
)

LATENT_DISTRIBUTION = Axis(
    name="latent-distribution",
    question="How is z drawn?",
    levels=(
        Level(name="normal-z", label="z from N(0, 1)", overrides={"latent.distribution": "normal"}),
        Level(name="uniform-z", label="z uniform in [0, 1)", overrides={"latent.distribution": "uniform"}),
    ),
    sources=("S1",),
)

DISCRIMINATOR_UPDATE = Axis(
    name="d-update",
    question="One D step, or one for each half?",
    levels=(
        Level(name="joint", label="joint D step", overrides={"update.discriminator": "joint"}),
        Level(name="two-steps", label="two D steps", overrides={"update.discriminator": "two_steps"}),
    ),
    sources=("S0", "S3"),
)

GENERATOR_LATENTS = Axis(
    name="g-latents",
    question="New z for G's step?",
    levels=(
        Level(name="fresh-z", label="fresh z for G", overrides={"update.generator_latents": "fresh"}),
        Level(name="same-z", label="same z for G", overrides={"update.generator_latents": "same"}),
    ),
    sources=("S3", "S4"),
)

DISCRIMINATOR_STEPS = Axis(
    name="d-steps",
    question="How many D updates for each G update?",
    levels=tuple(
        Level(name=f"d-steps-{n}", label=f"{n} D step{'s' if n > 1 else ''} a G step", overrides={_D_STEPS: n})
        for n in (1, 5)
    ),
    sources=("S3",),
    claims=("S3-b",),
)

RATES = Axis(
    name="rates",
    question="Does one network learn faster?",
    levels=(
        Level(name="equal-rates", label="equal rates", overrides={_G_RATE: 1e-3, _D_RATE: 1e-3}),
        Level(name="d-rate-x5", label="D's rate five times G's", overrides={_G_RATE: 1e-3, _D_RATE: 5e-3}),
        Level(name="g-rate-x5", label="G's rate five times D's", overrides={_G_RATE: 5e-3, _D_RATE: 1e-3}),
    ),
    sources=("S3",),
    claims=("S3-b",),
)

DETACHMENT = Axis(
    name="detachment",
    question="Is the fake detached in D's step?",
    levels=(
        Level(name="detached", label="detached", overrides={"update.detach": True}),
        Level(name="undetached", label="not detached", overrides={"update.detach": False}),
    ),
    sources=("S3",),
)

DROPOUT = Axis(
    name="dropout",
    question="Dropout?",
    levels=(
        Level(name="no-dropout", label="no dropout", overrides=_both(dropout=0.0)),
        Level(name="dropout-0.1", label="dropout 0.1", overrides=_both(dropout=0.1)),
    ),
    sources=("S3",),
)

INITIALIZATION = Axis(
    name="initialization",
    question="Which initial values?",
    levels=(
        Level(name="framework-init", label="framework default", overrides={"initialization": "framework"}),
        Level(name="xavier-init", label="Xavier, biases in [0.1, 0.2)", overrides={"initialization": "xavier"}),
        Level(name="normal-init", label="N(0, 0.01), zero biases", overrides={"initialization": "normal"}),
    ),
    sources=("S3", "S4"),
)

BATCH_SIZE = Axis(
    name="batch-size",
    question="How many images a step?",
    levels=tuple(
        Level(name=f"batch-{n}", label=f"batch {n}", overrides={"batch_size": n}) for n in (1, 64, 100, 128, 200)
    ),
    sources=("S0", "S1", "S2", "S3", "S4"),
)

SCHEDULE = Axis(
    name="schedule",
    question="One update a batch, or one an epoch?",
    levels=(
        Level(name="per-batch", label="an update a batch", overrides={"update.per": "batch"}),
        Level(name="per-epoch", label="an update an epoch", overrides={"update.per": "epoch"}),
    ),
    sources=("S4",),
)

AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        LOSS, REGULARIZATION, OBJECTIVE, ACTIVATION, NORMALIZATION, NORMALIZATION_PLACE, OPTIMIZER, CONDITIONING,
        ARCHITECTURE, LATENT_SIZE, LATENT_DISTRIBUTION, DISCRIMINATOR_UPDATE, GENERATOR_LATENTS, DISCRIMINATOR_STEPS,
        RATES, DETACHMENT, DROPOUT, INITIALIZATION, BATCH_SIZE, SCHEDULE,
    )
}  # fmt: skip
