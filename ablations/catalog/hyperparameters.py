"""What may be tuned, and within which bounds: rows of data.

A hyperparameter is known by the dotted setting that it sets. Of `generator.hidden` and `discriminator.hidden` it sets
the widest layer; the others keep their share of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ablations.catalog.domains import Choice, Domain, Range, Value

TUNED_BY_EACH = ("learning_rate", "beta1", "beta2", "momentum", "hidden")
"""Settings, by their last name, that a level of an axis may state and yet be tuned in: what it takes to be at its best,
not what it is."""


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """One row. Two rows may share a key, with conditions that exclude each other."""

    key: str
    domain: Domain
    when: Mapping[str, Value] = field(default_factory=dict)
    """Settings that must have these values, or it does not exist."""
    asked: bool = True
    """False: it is searched only where a user names it."""

    def exists(self, settings: Mapping[str, Any]) -> bool:
        return all(settings[key] == value for key, value in self.when.items())


def _side(side: str) -> tuple[Hyperparameter, ...]:
    """The hyperparameters that each network has of its own, those first that others depend on."""
    rate, adam, sgd = (
        f"{side}_optimizer.learning_rate",
        {f"{side}_optimizer.name": "adam"},
        {f"{side}_optimizer.name": "sgd"},
    )
    mlp, cnn = {f"{side}.architecture": "mlp"}, {f"{side}.architecture": "cnn"}
    return (
        Hyperparameter(key=f"{side}_optimizer.name", domain=Choice(values=("adam", "sgd")), asked=False),
        Hyperparameter(key=rate, domain=Range(low=1e-5, high=1e-2, log=True), when=adam),
        Hyperparameter(key=rate, domain=Range(low=1e-3, high=1.0, log=True), when=sgd),
        Hyperparameter(key=f"{side}_optimizer.beta1", domain=Range(low=0.0, high=0.95), when=adam),
        Hyperparameter(key=f"{side}_optimizer.beta2", domain=Range(low=0.9, high=0.9999), when=adam),
        Hyperparameter(key=f"{side}_optimizer.momentum", domain=Range(low=0.0, high=0.95), when=sgd),
        Hyperparameter(key=f"{side}.hidden", domain=Range(low=64, high=512, log=True, whole=True), when=mlp),
        Hyperparameter(key=f"{side}.hidden", domain=Range(low=4, high=32, log=True, whole=True), when=cnn),
        Hyperparameter(
            key=f"{side}.slope", domain=Range(low=0.005, high=0.3, log=True), when={f"{side}.activation": "leaky_relu"}
        ),
        Hyperparameter(key=f"{side}.dropout", domain=Range(low=0.0, high=0.5)),
    )


HYPERPARAMETERS: tuple[Hyperparameter, ...] = (
    *_side("generator"),
    *_side("discriminator"),
    Hyperparameter(key="latent.size", domain=Range(low=8, high=200, log=True, whole=True)),
    Hyperparameter(key="batch_size", domain=Range(low=16, high=256, log=True, whole=True)),
    *(
        Hyperparameter(
            key="loss.penalty_weight",
            domain=Range(low=0.1, high=100, log=True),
            when={"loss.penalty": penalty},
            asked=False,
        )
        for penalty in ("gradient_penalty", "r1")
    ),
    Hyperparameter(key="update.discriminator_steps", domain=Range(low=1, high=3, whole=True)),
)


def held(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a level of an axis sets, what tuning must not touch."""
    return {key: value for key, value in overrides.items() if key.rpartition(".")[2] not in TUNED_BY_EACH}
