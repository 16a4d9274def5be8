"""Which combinations of settings are impossible, and why. No torch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ablations.config import parts
from ablations.config.errors import ConfigError
from ablations.config.own_modules import SIDES, takes_classes
from ablations.config.own_use import LOSS_SETTINGS, factories_of, missing, named_parts, own_loss_part

if TYPE_CHECKING:
    from ablations.config import Network, Optimizer, Variant


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,99}")


def check_name(kind: str, name: str) -> None:
    """Raise `ConfigError` for a name that a file, a command line or the store would not take."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{kind} name {name!r}: names have 1 to 100 letters, digits, spaces and ._+-(), the first a letter or digit"
        )


def check_batch(variant: Variant, images: int, data: str) -> None:
    """Raise `ConfigError` where so many training images of the data are fewer than the variant's batch."""
    used = min(variant.training_images, images)
    if used < variant.batch_size:
        raise ConfigError(
            f"variant {variant.name!r}: batch_size={variant.batch_size}, but it trains on only {used} images of "
            f"{data}; set a smaller batch_size"
        )


def problem_of(variant: Variant) -> str | None:
    """The first reason why a variant cannot be trained, or None."""
    elsewhere = missing(variant.own_parts) is not None
    problems = (rule(variant) for rule in (_WITHOUT_PARTS if elsewhere else _RULES))
    return next((problem for problem in problems if problem), None)


def _names(variant: Variant) -> str | None:
    """The one place where the names of parts are checked."""
    known = {(part.kind, part.name) for part in variant.own_parts}
    found = (
        registry.problem(name, key)
        for registry, key, name in named_parts(variant)
        if (registry.kind, name) not in known
    )
    return next((problem for problem in found if problem), None)


def _modules(variant: Variant) -> str | None:
    for side, network in _networks(variant):
        factories = factories_of(variant, side)
        if factories is None and network.settings:
            key = next(iter(network.settings))
            return f"{side}.settings.{key}: {side}.architecture={network.architecture} takes no settings of its own"
        if factories is not None and factories.of(side) is None:
            other = next(one for one in SIDES if one != side)
            return f"{side}.architecture={network.architecture} is registered as a {other} only; register a {side} too"
        if factories is not None and variant.conditional and not takes_classes(factories, side):
            return (
                f"conditional=true, but {side}.architecture={network.architecture} takes no classes; give its function "
                "a parameter `classes` and its module a second input, the one-hot labels"
            )
    return None


def _loss_settings(variant: Variant) -> str | None:
    for key, place in LOSS_SETTINGS.items():
        said = getattr(variant.loss, place)
        if said and own_loss_part(variant, key) is None:
            return (
                f"loss.{place}.{next(iter(said))}: loss.{key}={getattr(variant.loss, key)} takes no settings of its own"
            )
    return None


def _positive(variant: Variant) -> str | None:
    numbers = {
        "batch_size": variant.batch_size,
        "steps": variant.steps,
        "training_images": variant.training_images,
        "latent.size": variant.latent.size,
        "update.discriminator_steps": variant.update.discriminator_steps,
        "update.generator_steps": variant.update.generator_steps,
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
    numbers = {
        f"{side}.{key}": getattr(network, key) for key in ("dropout", "slope") for side, network in _networks(variant)
    }
    for side, optimizer in _optimizers(variant):
        numbers |= {f"{side}.{key}": getattr(optimizer, key) for key in ("beta1", "beta2", "momentum")}
    for key, value in numbers.items():
        if not 0 <= value < 1:
            return f"{key} must be in [0, 1), not {value}"
    return None


def _penalty_weight(variant: Variant) -> str | None:
    if not 0 <= variant.loss.penalty_weight < float("inf"):
        return f"loss.penalty_weight must be at least 0 and finite, not {variant.loss.penalty_weight}"
    return None


def _batch_of_one(variant: Variant) -> str | None:
    for side, network in _networks(variant):
        one_value = not parts.ARCHITECTURES[network.architecture].convolutional
        if one_value and _over_batch(network) and variant.batch_size == 1:
            return (
                f"{side}.normalization={network.normalization} on dense layers needs a batch of at least 2 (batch_size "
                "is 1): the variance of one value is zero, so every unit becomes a constant; raise batch_size, or take "
                "normalization=layer"
            )
    return None


def _kernels(variant: Variant) -> str | None:
    for side, network in _networks(variant):
        if factories_of(variant, side):
            continue
        convolutional = parts.ARCHITECTURES[network.architecture].convolutional
        expected = len(network.hidden) if convolutional else 0
        if len(network.kernels) != expected:
            return (
                f"{side}.kernels has {len(network.kernels)} sizes, but architecture={network.architecture} with "
                f"{len(network.hidden)} hidden blocks needs {expected}"
            )
        if convolutional and not network.hidden:
            return f"{side}.hidden is empty, but architecture={network.architecture} needs at least one convolution"
    return None


def _criterion(variant: Variant) -> str | None:
    loss, output = parts.LOSSES[variant.loss.criterion], variant.discriminator.output
    if output not in loss.outputs:
        return (
            f"loss.criterion={variant.loss.criterion} needs discriminator.output={' or '.join(loss.outputs)}, not "
            f"{output}" + (f": {loss.reason}" if loss.reason else "")
        )
    return None


def _paired(variant: Variant) -> str | None:
    if parts.LOSSES[variant.loss.criterion].paired and variant.update.discriminator == "two_steps":
        return (
            f"loss.criterion={variant.loss.criterion} compares D's outputs on real and on fake images, which "
            "update.discriminator=two_steps computes one after the other; take update.discriminator=joint"
        )
    return None


def _penalty(variant: Variant) -> str | None:
    penalty = variant.loss.penalty
    if parts.PENALTIES[penalty].builder is None:
        return None
    if variant.update.discriminator == "two_steps":
        return f"loss.penalty={penalty} belongs to one D step on real and fake images; take update.discriminator=joint"
    if _over_batch(variant.discriminator):
        return (
            f"loss.penalty={penalty} is taken of D's gradient at each image, and "
            f"discriminator.normalization={variant.discriminator.normalization} lets the other images of a batch into "
            "it; take normalization=layer or none"
        )
    return None


def _joint_statistics(variant: Variant) -> str | None:
    if variant.update.batch_statistics == "joint" and variant.update.discriminator == "two_steps":
        return (
            "update.batch_statistics=joint needs real and fake images in one pass of D; take update.discriminator=joint"
        )
    return None


def _image_range(variant: Variant) -> str | None:
    reached = parts.OUTPUTS[variant.generator.output].image_range
    if reached != variant.image_range:
        needed = [name for name in parts.OUTPUTS if parts.OUTPUTS[name].image_range == variant.image_range]
        return (
            f"image_range={variant.image_range} needs generator.output={' or '.join(needed)}, not "
            f"{variant.generator.output}: G must be able to reach every value of an image, and no other"
        )
    return None


def _same_latents(variant: Variant) -> str | None:
    if variant.update.generator_latents == "same" and not variant.update.detach:
        return (
            "update.generator_latents=same shares one forward pass of G between both updates, which D's backward pass "
            "would consume with update.detach=false; take detach=true or generator_latents=fresh"
        )
    if variant.update.generator_latents == "same" and variant.update.generator_steps > 1:
        return (
            f"update.generator_steps={variant.update.generator_steps} needs latents for each of G's updates: "
            "take update.generator_latents=fresh"
        )
    return None


_RULES = (
    _names,
    _modules,
    _loss_settings,
    _positive,
    _fractions,
    _penalty_weight,
    _batch_of_one,
    _kernels,
    _criterion,
    _paired,
    _penalty,
    _joint_statistics,
    _image_range,
    _same_latents,
)
"""In this order: each may rely on those before it."""
_WITHOUT_PARTS = (_names, _positive, _fractions, _penalty_weight)
"""Those that ask no part: for a stored variant whose parts are not here. It kept all of them when it was trained."""


def _over_batch(network: Network) -> bool:
    return parts.NORMALIZATIONS[network.normalization].over_batch


def _networks(variant: Variant) -> tuple[tuple[str, Network], ...]:
    return (("generator", variant.generator), ("discriminator", variant.discriminator))


def _optimizers(variant: Variant) -> tuple[tuple[str, Optimizer], ...]:
    return (
        ("generator_optimizer", variant.generator_optimizer),
        ("discriminator_optimizer", variant.discriminator_optimizer),
    )
