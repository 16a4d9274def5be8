"""A variant: the recipe of one GAN, as frozen, validated, hashable data."""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from ablations.config.digest import sha256_of
from ablations.config.errors import ConfigError
from ablations.config.free_settings import FreeSettings
from ablations.config.origin import OwnPart
from ablations.config.overrides import LATER, LEFT_OUT, assign, build, check_types, flatten, plain
from ablations.config.own_use import check_read, own_parts_of, with_settings_read
from ablations.config.rules import check_name, problem_of


@dataclass(frozen=True, kw_only=True)
class Network:
    """One of the two networks: hidden blocks and an output layer. What its names may be, `config.parts` says.

    An MLP has one dense layer for each width in `hidden`. A CNN has one stride-2 convolution (D) or transposed
    convolution (G) for each number of channels in `hidden`, with the kernel sizes in `kernels`.
    """

    architecture: str = "mlp"
    hidden: tuple[int, ...] = (200,)
    kernels: tuple[int, ...] = ()
    activation: str = "leaky_relu"
    slope: float = 0.02
    normalization: str = "none"
    normalization_first: bool = False
    """True: layer, normalisation, activation (S2); False: layer, activation, normalisation (S0, S1)."""
    dropout: float = 0.0
    weight_norm: str = "none"
    """How the weights themselves are normalised: spectral normalisation (Miyato et al. 2018), or not at all."""
    output: str = "sigmoid"
    settings: FreeSettings = field(default=FreeSettings(), metadata=LEFT_OUT)
    """What a network of the user's own takes beside; it reads none of the above that it does not name."""


@dataclass(frozen=True, kw_only=True)
class Latent:
    """The latent vector z: its length and the distribution of its entries."""

    size: int = 100
    distribution: Literal["normal", "uniform"] = "normal"
    """Standard normal N(0, 1), or uniform in [0, 1)."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The criterion on D's output, and how G and D use it."""

    criterion: str = "bce"
    generator: Literal["non_saturating", "saturating"] = "non_saturating"
    """Non-saturating: G minimises D's loss of a real image, taken of D(G(z)), with the hinge loss -D(G(z)); saturating:
    minus D's loss of a fake (S2)."""
    discriminator_reduction: Literal["sum", "mean"] = "sum"
    """D's loss in a joint step: the sum (S3, S4) or the mean (S2) of its real and its fake half."""
    penalty: str = "none"
    """What is added to D's loss, of D's gradient at images: the gradient penalty (Gulrajani et al. 2017), R1 (Mescheder
    et al. 2018), or nothing."""
    penalty_weight: float = 10.0
    """The gradient penalty's lambda, R1's gamma."""
    settings: FreeSettings = field(default=FreeSettings(), metadata=LEFT_OUT)
    """What a criterion of the user's own takes."""
    penalty_settings: FreeSettings = field(default=FreeSettings(), metadata=LEFT_OUT)
    """What a penalty of the user's own takes beside its weight."""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Adam (Kingma and Ba 2015) or SGD. `beta1` and `beta2` are read by Adam only, `momentum` by SGD only."""

    name: str = "adam"
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
    """D updates (each with a batch and latents of its own) in an iteration."""
    generator_steps: int = field(default=1, metadata=LATER)
    """G updates (each with latents of its own) in an iteration, after those of D."""
    per: Literal["batch", "epoch"] = "batch"
    """One iteration a batch, or one an epoch, on the epoch's last batch (S4's loop as it is printed)."""
    batch_statistics: Literal["separate", "joint"] = "separate"
    """Where D has BatchNorm: statistics of real and fake images apart, or of one batch of both, in G's step too."""

    @property
    def once_an_epoch(self) -> bool:
        """The images of an epoch pass by, and one batch of them is trained on."""
        return self.per == "epoch"


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
    initialization: str = "framework"
    """PyTorch's default; Xavier normal with every other parameter uniform in [0.1, 0.2) (S3); N(0, 0.01) weights and
    zero biases (S4)."""
    image_range: Literal["unit", "symmetric"] = "unit"
    """Images as values in [0, 1], or in [-1, 1]."""
    training_images: int = 60_000
    """Train on the last so many images of the training set (S4: 55,000); at most what the dataset has."""
    batch_size: int = 1
    steps: int = 1_000
    """Iterations; one iteration sees `batch_size` images for each discriminator step."""
    own_parts: tuple[OwnPart, ...] = field(default=(), metadata=LEFT_OUT)
    """The parts of a user's own that it names, each with the digest of its source; filled in. What was stored with a
    variant stays, so that it is the same variant where that source is not at hand, or is another one by now."""

    def __post_init__(self) -> None:
        check_types(self, f"variant {self.name!r}")
        check_name("variant", self.name)
        object.__setattr__(self, "own_parts", own_parts_of(self))
        try:
            for key, section in with_settings_read(self).items():
                object.__setattr__(self, key, section)
        except ConfigError as error:
            raise ConfigError(f"variant {self.name!r}: {error}") from error
        if problem := problem_of(self):
            raise ConfigError(f"variant {self.name!r}: {problem}")

    def override(self, overrides: Mapping[str, Any], *, name: str | None = None) -> Variant:
        """This variant with dotted keys replaced: `{"loss.criterion": "mse"}`. Values may be text, as on a command
        line.

        All overrides are applied before the result is validated.

        Raises:
            ConfigError: a key that does not exist (with the nearest valid one), a value of the wrong type, or a
                combination that is impossible.
        """
        tree = self.as_dict()
        for key, value in overrides.items():
            assign(tree, type(self), key, value)
        if name is not None:
            tree["name"] = name
        made = type(self).from_dict(tree)
        check_read(made, overrides)
        return made

    def as_dict(self) -> dict[str, Any]:
        """Plain nested data; `from_dict` is its inverse."""
        return typing.cast(dict[str, Any], plain(self))

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> Self:
        """Raises `ConfigError` for unknown keys and wrong types."""
        return typing.cast(Self, build(cls, tree, "variant"))

    def flat(self) -> dict[str, Any]:
        """The configuration as dotted keys and plain values; what identifies own parts is none of it."""
        return dict(self._flat)

    @functools.cached_property
    def _flat(self) -> Mapping[str, Any]:
        return {key: value for key, value in flatten(plain(self, whole=True)) if key != "own_parts"}

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of everything that decides training: all fields but the two labels `name` and `recipe`.

        Of parts of a user's own: what is in their source, not what it is called.
        """
        tree = self.as_dict()
        del tree["name"], tree["recipe"]
        for part in tree.get("own_parts", ()):
            del part["source"]
        return sha256_of(tree)
