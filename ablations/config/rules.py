"""Which combinations of settings are impossible, and why. No torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ablations.config.errors import ConfigError

if TYPE_CHECKING:
    from ablations.config import Network, Optimizer, Variant


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,99}")


def check_name(kind: str, name: str) -> None:
    """Raise `ConfigError` for a name that a file, a command line or the store would not take."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{kind} name {name!r}: names have 1 to 100 letters, digits, spaces and ._+-(), the first a letter or digit"
        )


def problem_of(variant: Variant) -> str | None:
    """The first reason why a variant cannot be trained, or None."""
    problems = (rule(variant) for rule in _RULES)
    return next((problem for problem in problems if problem), None)


def _positive(variant: Variant) -> str | None:
    numbers = {
        "batch_size": variant.batch_size,
        "steps": variant.steps,
        "training_images": variant.training_images,
        "latent.size": variant.latent.size,
        "update.discriminator_steps": variant.update.discriminator_steps,
        "generator_optimizer.learning_rate": variant.generator_optimizer.learning_rate,
        "discriminator_optimizer.learning_rate": variant.discriminator_optimizer.learning_rate,
    }
    for side, network in _networks(variant):
        for index, width in enumerate(network.hidden):
            numbers[f"{side}.hidden[{index}]"] = width
        for index, kernel in enumerate(network.kernels):
            numbers[f"{side}.kernels[{index}]"] = kernel
    for key, value in numbers.items():
        if not 0 < value < float("inf"):
            return f"{key} must be positive and finite, not {value}"
    return None


def _fractions(variant: Variant) -> str | None:
    numbers = {f"{side}.dropout": network.dropout for side, network in _networks(variant)}
    for side, optimizer in _optimizers(variant):
        numbers |= {f"{side}.{key}": getattr(optimizer, key) for key in ("beta1", "beta2", "momentum")}
    for key, value in numbers.items():
        if not 0 <= value < 1:
            return f"{key} must be in [0, 1), not {value}"
    return None


def _slopes(variant: Variant) -> str | None:
    for side, network in _networks(variant):
        if not 0 <= network.slope < 1:
            return f"{side}.slope must be in [0, 1), not {network.slope}"
    return None


def _batch_of_one(variant: Variant) -> str | None:
    for side, network in _networks(variant):
        dense_blocks = (network.architecture, network.normalization) == ("mlp", "batch")
        if dense_blocks and variant.batch_size == 1:
            return (
                f"{side}.normalization=batch on dense layers needs a batch of at least 2 (batch_size is 1): "
                "the variance of one value is zero, so every unit becomes a constant; raise batch_size, or take "
                "normalization=layer"
            )
    return None


def _architecture(variant: Variant) -> str | None:
    found = (_ARCHITECTURES[network.architecture](side, network) for side, network in _networks(variant))
    return next((problem for problem in found if problem), None)


def _dense(side: str, network: Network) -> str | None:
    return _kernels(side, network, 0)


def _convolutional(side: str, network: Network) -> str | None:
    if problem := _kernels(side, network, len(network.hidden)):
        return problem
    if not network.hidden:
        return f"{side}.hidden is empty, but architecture=cnn needs at least one convolution"
    if not feature_sizes(network.kernels if side == "discriminator" else network.kernels[::-1]):
        return (
            f"{side}.kernels={network.kernels} leave nothing of a 28x28 image at stride 2; take fewer or smaller ones"
        )
    return None


def _kernels(side: str, network: Network, expected: int) -> str | None:
    if len(network.kernels) == expected:
        return None
    return (
        f"{side}.kernels has {len(network.kernels)} sizes, but architecture={network.architecture} with "
        f"{len(network.hidden)} hidden blocks needs {expected}"
    )


_ARCHITECTURES: Mapping[str, Callable[[str, Network], str | None]] = {"mlp": _dense, "cnn": _convolutional}


def _criterion(variant: Variant) -> str | None:
    output = variant.discriminator.output
    needed = CRITERION_OUTPUTS[variant.loss.criterion]
    if output not in needed:
        return (
            f"loss.criterion={variant.loss.criterion} needs discriminator.output={' or '.join(needed)}, not {output}: "
            + _OUTPUT_REASONS[variant.loss.criterion]
        )
    return None


def _image_range(variant: Variant) -> str | None:
    needed = {"unit": "sigmoid", "symmetric": "tanh"}[variant.image_range]
    if variant.generator.output != needed:
        return (
            f"image_range={variant.image_range} needs generator.output={needed}, not {variant.generator.output}: "
            "G must be able to reach every value of an image, and no other"
        )
    return None


def _same_latents(variant: Variant) -> str | None:
    if variant.update.generator_latents == "same" and not variant.update.detach:
        return (
            "update.generator_latents=same shares one forward pass of G between both updates, which D's backward pass "
            "would consume with update.detach=false; take detach=true or generator_latents=fresh"
        )
    return None


_RULES = (_positive, _fractions, _slopes, _batch_of_one, _architecture, _criterion, _image_range, _same_latents)

CRITERION_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "mse": ("sigmoid",),
    "bce": ("sigmoid",),
    "bce_logits": ("logits",),
}
_OUTPUT_REASONS = {
    "mse": "its targets 0 and 1 are probabilities",
    "bce": "binary cross-entropy takes a probability (for a D without Sigmoid there is criterion=bce_logits)",
    "bce_logits": "it applies the Sigmoid itself",
}


def feature_sizes(kernels: Sequence[int], size: int = 28) -> tuple[int, ...]:
    """Side lengths of the feature maps after each stride-2 convolution without padding; empty if one would vanish."""
    sizes = []
    for kernel in kernels:
        if size < kernel:
            return ()
        size = (size - kernel) // 2 + 1
        sizes.append(size)
    return tuple(sizes)


def _networks(variant: Variant) -> tuple[tuple[str, Network], ...]:
    return (("generator", variant.generator), ("discriminator", variant.discriminator))


def _optimizers(variant: Variant) -> tuple[tuple[str, Optimizer], ...]:
    return (
        ("generator_optimizer", variant.generator_optimizer),
        ("discriminator_optimizer", variant.discriminator_optimizer),
    )
