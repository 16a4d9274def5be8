"""Studies as a store would give them back, made up: curves like those of a GAN, samples from scikit-learn's digits."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from ablations.catalog.quantities import CURVES
from ablations.config import Contrast, Study, Variant
from ablations.store import StoredStudy
from ablations.store.noise_check import Longer, NoiseCheck
from ablations.store.result import Evaluation, Result, Status
from tests.ablations.factories import SCORER, make_run

Array = NDArray[Any]

SCORES: Mapping[str, float] = {
    "baseline": 180.0,
    "mse": 240.0,
    "sigmoid": 620.0,
    "no_norm": 300.0,
    "batch_norm": 176.0,
    "sgd": 2400.0,
    "conditional": 120.0,
    "cnn": 60.0,
}
"""The score each variant of `quick_study` tends to."""
NOISE_CHECK = NoiseCheck(
    variant="s2",
    identity="x",
    labels=False,
    images=20,
    at=(10, 20),
    d_real=(0.7, 0.9),
    d_noise=(0.4, 0.2),
    real_right=0.97,
    noise_right=0.7,
    over_one=True,
    longer=Longer(steps=80, real_right=0.991, noise_right=0.964),
)
"""Of a D that fails, and passes after more updates."""


def quick_study(seeds: int = 5, steps: int = 1_000) -> Study:
    """A baseline and seven variants of it, one contrast each."""
    base = Variant(name="baseline", steps=steps, batch_size=32)
    layer = {"generator.normalization": "layer", "discriminator.normalization": "layer"}
    base = base.override(layer)

    def both(key: str, value: object) -> dict[str, object]:
        return {f"generator.{key}": value, f"discriminator.{key}": value}

    cnn = both("architecture", "cnn") | {
        "generator.hidden": (10, 10),
        "discriminator.hidden": (10, 10),
        "generator.kernels": (5, 3),
        "discriminator.kernels": (5, 3),
    }
    variants = (
        base,
        base.override({"loss.criterion": "mse"}, name="mse"),
        base.override(both("activation", "sigmoid"), name="sigmoid"),
        base.override(both("normalization", "none"), name="no_norm"),
        base.override(both("normalization", "batch"), name="batch_norm"),
        base.override({"generator_optimizer.name": "sgd", "discriminator_optimizer.name": "sgd"}, name="sgd"),
        base.override({"conditional": True}, name="conditional"),
        base.override(cnn, name="cnn"),
    )
    questions = {
        "mse": ("loss", "MSE instead of BCE"),
        "sigmoid": ("activation", "Sigmoid instead of LeakyReLU"),
        "no_norm": ("normalization", "No normalization instead of LayerNorm"),
        "batch_norm": ("normalization", "BatchNorm instead of LayerNorm"),
        "sgd": ("optimizer", "SGD instead of Adam"),
        "conditional": ("conditioning", "A conditional GAN instead of an unconditional one"),
        "cnn": ("architecture", "A CNN instead of an MLP"),
    }
    contrasts = tuple(
        Contrast(axis=axis, question=question, treatment=name, reference="baseline", claims=("S1-a",))
        for name, (axis, question) in questions.items()
    )
    return Study(
        name="quick",
        title="Which choices make the GAN better?",
        description="A baseline and, one factor at a time, every other level of six axes.",
        variants=variants,
        contrasts=contrasts,
        seeds=seeds,
    )


def recipes_study(seeds: int = 2, steps: int = 300) -> Study:
    """Variants without a contrast."""
    base = Variant(name="S0", recipe="S0", steps=steps)
    others = [base.override({"latent.size": size}, name=name) for name, size in (("S1", 1), ("S2", 64), ("S4", 128))]
    return Study(
        name="recipes", title="The recipes", description="As they are written.", variants=(base, *others), seeds=seeds
    )


def stored(
    study: Study,
    *,
    scores: Mapping[str, float] = SCORES,
    statuses: Mapping[tuple[str, int], Status] | None = None,
    repeats: bool = False,
) -> StoredStudy:
    """All runs of the study; `statuses` names those, by variant and seed, that did not finish.

    With `repeats` the finished ones hold their score again.
    """
    statuses = statuses or {}
    results = tuple(
        result(study, variant, seed, scores.get(variant.name, 200.0), statuses.get((variant.name, seed), "finished"))
        for variant in study.variants
        for seed in range(study.seeds_of(variant.name))
    )
    if repeats:
        results = tuple(_repeated(item) if item.status == "finished" else item for item in results)
    digests = {item.key: item.digests for item in results}
    return StoredStudy(study=study, results=results, scorer=SCORER, digests=digests)


def result(study: Study, variant: Variant, seed: int, score: float, status: Status = "finished") -> Result:
    random = np.random.default_rng([seed, *variant.name.encode()])
    last = variant.steps if status == "finished" else variant.steps * 2 // 5
    luck = math.exp(0.06 * np.random.default_rng(seed).normal() + 0.04 * random.normal())
    ticks = [round(variant.steps * k / study.evaluations) for k in range(study.evaluations + 1)]
    ticks = [step for step in ticks if step <= last]
    seconds = 0.004 * last * (3 if variant.generator.architecture == "cnn" else 1)
    return Result(
        study=study.name,
        run=make_run(variant, seed, width=study.seeds, slot=seed % study.seeds, dataset="mnist"),
        status=status,
        reason="" if status == "finished" else f"a loss was not finite at step {last}",
        last_step=last,
        curves=_curves(variant, last, score, random),
        evaluations=tuple(
            Evaluation(
                step=step,
                train_seconds=seconds * step / max(1, last),
                metrics=_metrics(_score_at(score * luck, step / variant.steps), luck, random.normal(size=3)),
            )
            for step in ticks
        ),
        scorer=SCORER,
        samples={step: _samples(_score_at(score * luck, step / variant.steps), seed) for step in ticks},
        weights={"generator.0.weight": random.normal(size=(2, 2)).astype(np.float32)},
        train_seconds=seconds,
        evaluation_seconds=0.5,
        environment={"python": "3.11.9", "torch": "2.14.1", "platform": "Linux", "cpu": "made up"},
    )


def _metrics(score: float, luck: float, own: Array) -> dict[str, float]:
    """Images by the first kind of features score `score`; class shares add a third, and the second kind halves all."""
    shares, other, other_shares = score * np.array([1 / 3, 1 / 2, 1 / 6]) * np.exp(0.02 * own)
    return {
        "frechet_10k": float(score + shares),
        "balanced_frechet_10k": float(score),
        "class_share_frechet_10k": float(shares),
        "contrastive_frechet_10k": float(other + other_shares),
        "contrastive_balanced_frechet_10k": float(other),
        "contrastive_class_share_frechet_10k": float(other_shares),
        "readable": 0.97,
        "mode_count_10k": 10.0,
        "d_real_test": 0.5 + 0.1 * luck,
        **{f"class_{digit}": 0.1 for digit in range(10)},
    }


def _repeated(item: Result) -> Result:
    """The training seed scatters by 7%, two sets of samples by 1%, parts of the real images by 2%."""
    *before, last = item.evaluations
    score, parts = last.metrics["frechet_10k"], np.random.default_rng(1).normal(size=5)
    own = np.random.default_rng([item.run.seed, *item.run.variant.name.encode()])
    blur = 0.01 * own.normal(size=(2, 1)) + 0.02 * parts + 0.005 * own.normal(size=5) + 0.001 * own.normal(size=(2, 5))
    again = {f"repeat_{j}_{k}": float(score * (1 + blur[j, k])) for j in range(2) for k in range(5)}
    return replace(item, evaluations=(*before, replace(last, metrics={**last.metrics, **again})))


def _score_at(score: float, share: float) -> float:
    return float(score + (5_000 - score) * math.exp(-6 * share))


def _curves(variant: Variant, steps: int, score: float, random: np.random.Generator) -> dict[str, Array]:
    share = np.arange(1, steps + 1) / variant.steps
    strength = min(1.0, score / 800)
    ideal = 0.25 if variant.loss.criterion == "mse" else math.log(2)

    def noisy(values: Array, scale: float) -> Array:
        return np.asarray(values * np.exp(scale * random.normal(size=steps)), dtype=np.float32)

    rise = 1 - np.exp(-5 * share)
    levels = {
        "d_loss_real": ideal * (0.3 + (0.6 - 0.4 * strength) * rise),
        "d_loss_fake": ideal * (0.25 + (0.6 - 0.4 * strength) * rise),
        "g_loss": ideal * (3 - (1.6 - strength) * rise),
        "d_real": 0.9 - (0.3 - 0.2 * strength) * rise,
        "d_fake": 0.1 + (0.3 - 0.2 * strength) * rise,
        "d_grad_norm": 1 + 0 * share,
        "g_grad_norm": 0.3 + 0.2 * rise,
    }
    return {name: noisy(levels[name], 0.15 if "loss" in name or "norm" in name else 0.04) for name in CURVES}


@functools.cache
def _digits() -> tuple[Array, Array]:
    images, labels = load_digits(return_X_y=True)
    big = np.kron(images.reshape(-1, 8, 8), np.ones((3, 3)))
    return np.pad(big * 255 / 16, ((0, 0), (2, 2), (2, 2))), labels


@functools.lru_cache(maxsize=64)
def _drawn(seed: int, n: int) -> tuple[Array, Array]:
    images, labels = _digits()
    random = np.random.default_rng(seed)
    rows: Sequence[int] = [int(random.choice(np.flatnonzero(labels == index % 10))) for index in range(n)]
    return images[rows], random.uniform(0, 255, size=(n, 28, 28))


def _samples(score: float, seed: int, n: int = 40) -> Array:
    digits, noise = _drawn(seed, n)
    share = min(1.0, score / 2_000)
    return np.clip((1 - share) * digits + share * noise, 0, 255).astype(np.uint8)
