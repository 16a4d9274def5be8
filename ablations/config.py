"""What is trained: frozen, validated, hashable configuration. No torch.

A `Variant` is a recipe of one GAN; a `Study` is a list of variants with the contrasts that are asked of them; a `Run` is
one seed of one variant on one engine, and its key is its identity.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from ablations.errors import ConfigError, unknown

Architecture = Literal["mlp", "cnn"]
Activation = Literal["sigmoid", "relu", "leaky_relu", "gelu", "tanh"]
Normalization = Literal["none", "layer", "batch"]
Output = Literal["sigmoid", "tanh", "logits"]


@dataclass(frozen=True, kw_only=True)
class Network:
    """One of the two networks: hidden blocks and an output layer.

    An MLP has one dense layer for each width in `hidden`. A CNN has one stride-2 convolution (D) or transposed
    convolution (G) for each number of channels in `hidden`, with the kernel sizes in `kernels`.
    """

    architecture: Architecture = "mlp"
    hidden: tuple[int, ...] = (200,)
    kernels: tuple[int, ...] = ()
    activation: Activation = "leaky_relu"
    slope: float = 0.02
    normalization: Normalization = "none"
    normalization_first: bool = False
    """True: layer, normalisation, activation (S2); False: layer, activation, normalisation (S0, S1)."""
    dropout: float = 0.0
    output: Output = "sigmoid"


@dataclass(frozen=True, kw_only=True)
class Latent:
    """The latent vector z: its length and the distribution of its entries."""

    size: int = 100
    distribution: Literal["normal", "uniform"] = "normal"
    """Standard normal N(0, 1), or uniform in [0, 1)."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The criterion on D's output, and how G and D use it."""

    criterion: Literal["mse", "bce", "bce_logits"] = "bce"
    generator: Literal["non_saturating", "saturating"] = "non_saturating"
    """Non-saturating: G minimises criterion(D(G(z)), 1); saturating: it minimises -criterion(D(G(z)), 0) (S2)."""
    discriminator_reduction: Literal["sum", "mean"] = "sum"
    """D's loss in a joint step: the sum (S3, S4) or the mean (S2) of its real and its fake half."""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Adam (Kingma and Ba 2015) or SGD. `beta1` and `beta2` are read by Adam only, `momentum` by SGD only."""

    name: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.999
    momentum: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Update:
    """One iteration: D's update(s), then G's."""

    discriminator: Literal["joint", "two_steps"] = "joint"
    """One optimizer step on both halves of D's loss, or a step on the real half and then one on the fake half (S0)."""
    generator_latents: Literal["fresh", "same"] = "fresh"
    """G's step draws new latents, or reuses those of D's last step (S4)."""
    detach: bool = True
    """False computes the gradient of D's loss into G and throws it away (S3): the same bits, at a higher cost."""
    discriminator_steps: int = 1
    """D updates (each with a batch and latents of its own) for each G update."""
    per: Literal["batch", "epoch"] = "batch"
    """One iteration a batch, or one an epoch, on the epoch's last batch (S4's loop as it is printed)."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Everything that decides what one GAN becomes, except its seed, its data and the engine it runs on."""

    name: str
    recipe: str = "custom"
    conditional: bool = False
    latent: Latent = field(default_factory=Latent)
    generator: Network = field(default_factory=Network)
    discriminator: Network = field(default_factory=Network)
    loss: Loss = field(default_factory=Loss)
    generator_optimizer: Optimizer = field(default_factory=Optimizer)
    discriminator_optimizer: Optimizer = field(default_factory=Optimizer)
    update: Update = field(default_factory=Update)
    initialization: Literal["framework", "xavier", "normal"] = "framework"
    """PyTorch's default; Xavier normal with every other parameter uniform in [0.1, 0.2) (S3); N(0, 0.01) weights and
    zero biases (S4)."""
    image_range: Literal["unit", "symmetric"] = "unit"
    """Images as values in [0, 1], or in [-1, 1]."""
    training_images: int = 60_000
    """Train on the last so many images of the training set (S4: 55,000); at most what the dataset has."""
    batch_size: int = 1
    steps: int = 1_000
    """Iterations; one iteration sees `batch_size` images for each discriminator step."""

    def __post_init__(self) -> None:
        check_types(self, f"variant {self.name!r}")
        for rule in _RULES:
            problem = rule(self)
            if problem:
                raise ConfigError(f"variant {self.name!r}: {problem}")

    def override(self, overrides: Mapping[str, Any], *, name: str | None = None) -> Variant:
        """This variant with dotted keys replaced: `{"loss.criterion": "mse"}`. Values may be text, as on a command line.

        All overrides are applied before the result is validated.

        Raises:
            ConfigError: a key that does not exist (with the nearest valid one), a value of the wrong type, or a
                combination that is impossible.
        """
        tree = self.as_dict()
        for key, value in overrides.items():
            _assign(tree, type(self), key, value)
        if name is not None:
            tree["name"] = name
        return type(self).from_dict(tree)

    def as_dict(self) -> dict[str, Any]:
        """Plain nested data; `from_dict` is its inverse."""
        return typing.cast(dict[str, Any], _plain(self))

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> Self:
        """Raises `ConfigError` for unknown keys and wrong types."""
        return typing.cast(Self, _build(cls, tree, "variant"))

    def flat(self) -> dict[str, Any]:
        """The configuration as dotted keys and plain values."""
        return dict(_flatten(self.as_dict()))

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides training: all fields but the two labels `name` and `recipe`."""
        tree = self.as_dict()
        del tree["name"], tree["recipe"]
        return sha256_of(tree)


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
    evaluations: int = 5
    """Evaluations after training starts, equally spaced, the last at the final step; one more before the first step."""

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ConfigError(f"study {self.name!r} has more than one variant named {sorted(twice)[0]!r}")
        if not names:
            raise ConfigError(f"study {self.name!r} has no variants")
        for contrast in self.contrasts:
            for name in (contrast.treatment, contrast.reference):
                if name not in names:
                    raise unknown(f"variant in contrast {contrast.question!r} of study {self.name!r}:", name, names)
        if self.seeds < 1:
            raise ConfigError(f"study {self.name!r}: seeds must be at least 1, not {self.seeds}")
        if self.evaluations < 1:
            raise ConfigError(f"study {self.name!r}: evaluations must be at least 1, not {self.evaluations}")

    def variant(self, name: str) -> Variant:
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise unknown(f"variant of study {self.name!r}:", name, [v.name for v in self.variants])

    def as_dict(self) -> dict[str, Any]:
        return typing.cast(dict[str, Any], _plain(self))

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> Self:
        return typing.cast(Self, _build(cls, tree, "study"))


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The facts of the machine that change bits: the same run on another engine is another run."""

    device: str = "cpu"
    """"cpu" or "cuda"."""
    threads: int = 1
    """Intra-operation threads of a process."""
    precision: Literal["float32", "float64", "bfloat16"] = "float32"
    """float64 serves tests; bfloat16 is autocast on CUDA, never taken unasked."""
    matmul: Literal["default", "onednn"] = "default"
    """The library behind float32 matrix products on a CPU; "onednn" only where it was measured to keep float32."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One seed of one variant, and all that decides its bits and its scores."""

    variant: Variant
    seed: int
    width: int
    """Seeds trained in the same stack."""
    slot: int
    """This seed's place in the stack, 0 to width - 1."""
    dataset: str
    data_digest: str
    classifier_digest: str
    source_digest: str
    """Of the modules that decide training, comments and docstrings stripped."""
    evaluations: int
    engine: Engine

    @property
    def key(self) -> str:
        """Identity: two runs with one key have the same weights, curves and scores. 20 hexadecimal digits."""
        tree = _plain(self)
        tree["variant"] = self.variant.digest
        del tree["dataset"]
        return sha256_of(tree)[:20]


def sha256_of(tree: Any) -> str:
    """SHA-256 of the canonical JSON form of plain data."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# --- which combinations are impossible, and why ---


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
                f"{side}.normalization=batch on dense layers needs a batch of at least 2 (batch_size is 1): the variance "
                "of one value is zero, so every unit becomes a constant; raise batch_size, or take normalization=layer"
            )
    return None


def _kernels(variant: Variant) -> str | None:
    for side, network in _networks(variant):
        expected = len(network.hidden) if network.architecture == "cnn" else 0
        if len(network.kernels) != expected:
            return (
                f"{side}.kernels has {len(network.kernels)} sizes, but architecture={network.architecture} with "
                f"{len(network.hidden)} hidden blocks needs {expected}"
            )
        if network.architecture == "cnn":
            if not network.hidden:
                return f"{side}.hidden is empty, but architecture=cnn needs at least one convolution"
            if not feature_sizes(network.kernels if side == "discriminator" else network.kernels[::-1]):
                return f"{side}.kernels={network.kernels} leave nothing of a 28x28 image at stride 2; take fewer or smaller ones"
    return None


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
            "update.generator_latents=same shares one forward pass of G between both updates, which D's backward pass would "
            "consume with update.detach=false; take detach=true or generator_latents=fresh"
        )
    return None


_RULES = (_positive, _fractions, _slopes, _batch_of_one, _kernels, _criterion, _image_range, _same_latents)

CRITERION_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "mse": ("sigmoid",),
    "bce": ("sigmoid",),
    "bce_logits": ("logits",),
}
IDEAL_LOSSES: Mapping[str, float] = {"mse": 0.25, "bce": math.log(2), "bce_logits": math.log(2)}
"""Each half of D's loss where D cannot tell real from fake, D = 1/2 everywhere (S0-a)."""

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


# --- dataclasses to plain data and back, with types checked ---


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            pairs += _flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs


def _build(cls: type, tree: Any, where: str) -> Any:
    if not isinstance(tree, Mapping):
        raise ConfigError(f"{where} must be a mapping of settings, not {tree!r}")
    hints = typing.get_type_hints(cls)
    for key in tree:
        if key not in hints:
            raise unknown(f"key of {where}:", key, hints)
    required = {item.name for item in dataclasses.fields(cls) if _no_default(item)}
    missing = sorted(required - set(tree))
    if missing:
        raise ConfigError(f"{where} lacks {missing[0]!r}")
    return cls(**{key: _convert(hints[key], value, f"{where}.{key}") for key, value in tree.items()})


def _no_default(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _convert(hint: Any, value: Any, where: str) -> Any:
    """`value` as the type `hint`; text is parsed, as it comes from a command line."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return value if isinstance(value, hint) else _build(hint, value, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return _convert_tuple(arguments[0], value, where)
    if origin is Literal:
        if value not in arguments:
            raise unknown(f"value of {where}:", value, [str(a) for a in arguments])
        return value
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _convert(next(a for a in arguments if a is not type(None)), value, where)
    return _convert_scalar(hint, value, where)


def _convert_tuple(hint: Any, value: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [part for part in value.strip("()[] ").replace(" ", "").split(",") if part]
    elif isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, Sequence):
        raise ConfigError(f"{where} must be a list such as 128,256, not {value!r}")
    return tuple(_convert(hint, item, f"{where}[{index}]") for index, item in enumerate(value))


def _convert_scalar(hint: Any, value: Any, where: str) -> Any:
    words = {"true": True, "false": False, "yes": True, "no": False}
    try:
        if hint is bool:
            if isinstance(value, str):
                return words[value.lower()]
            if isinstance(value, bool):
                return value
        elif hint is int and not isinstance(value, bool):
            number = float(value) if isinstance(value, str) and not value.lstrip("+-").isdigit() else value
            if int(number) == float(number):
                return int(number)
        elif hint is float and not isinstance(value, bool):
            return float(value)
        elif hint is str and isinstance(value, str):
            return value
    except (ValueError, TypeError, KeyError, OverflowError):
        pass
    kind = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}.get(hint, str(hint))
    raise ConfigError(f"{where} must be {kind}, not {value!r}")


def check_types(instance: Any, where: str) -> None:
    """Raise `ConfigError` for a field of a configuration dataclass whose value is not of its declared type."""
    hints = typing.get_type_hints(type(instance))
    for item in dataclasses.fields(instance):
        value = getattr(instance, item.name)
        converted = _convert(hints[item.name], value, f"{where}: {item.name}")
        if converted != value or type(converted) is not type(value):
            object.__setattr__(instance, item.name, converted)
        if dataclasses.is_dataclass(converted) and not isinstance(converted, type):
            check_types(converted, f"{where}: {item.name}")


def _assign(tree: dict[str, Any], cls: type, key: str, value: Any) -> None:
    """Set the dotted `key` of the plain tree of a `cls`; the key must exist."""
    valid = set(_dotted(cls))
    if key not in valid:
        raise unknown("setting", key, valid)
    *parents, last = key.split(".")
    for parent in parents:
        tree = tree[parent]
    tree[last] = value


def _dotted(cls: type, prefix: str = "") -> list[str]:
    keys: list[str] = []
    for key, hint in typing.get_type_hints(cls).items():
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            keys += _dotted(hint, f"{prefix}{key}.")
        else:
            keys.append(prefix + key)
    return keys
