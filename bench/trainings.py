"""Short trainings of everything that the catalog names, and the SHA-256 of what comes of each, as JSON.

Every recipe, every level of every axis and some crossings, for a few dozen steps across the end of an epoch, with
dropout, labels, BatchNorm and all optimizers among them: whatever can change the bits of a training changes one of
these. It is run with the package of the working tree and with that of a revision: `python bench/trainings.py TEXT
ENGINE`, with a text in the names of what is trained, and an engine as JSON in the place of the tree's own.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablations.catalog import AXES, BASELINE, RECIPES
from ablations.config import Engine, Variant
from ablations.data import load_dataset
from ablations.training.engine import choose_engine, set_up
from ablations.training.seed_group import SeedGroup

STEPS = 24
SEEDS = (0, 1, 2)
EPOCH_BATCHES = 5
"""So the steps cross the ends of several epochs, none of which is a whole number of batches."""


def variants() -> dict[str, Variant]:
    """What is trained, by name."""
    found = {f"recipe {name}": recipe for name, recipe in RECIPES.items()}
    found |= {f"{a.name} {level.name}": level.apply(BASELINE) for a in AXES.values() for level in a.levels}
    cnn = AXES["architecture"].level("cnn").apply(BASELINE)
    crossings: dict[str, tuple[Variant, Mapping[str, Any]]] = {
        "three D steps": (BASELINE, {"update.discriminator_steps": 3, "generator.dropout": 0.1}),
        "three G steps": (BASELINE, {"update.generator_steps": 3, "discriminator.dropout": 0.1}),
        "conditional CNN, BatchNorm": (RECIPES["s1-cnn"], {"conditional": True, "batch_size": 6}),
        "CNN, BatchNorm": (cnn, _both(normalization="batch")),
        "CNN, dropout": (cnn, _both(normalization="none", dropout=0.2)),
        "same z, dropout, conditional": (
            RECIPES["s3"],
            {"update.generator_latents": "same", "conditional": True, "batch_size": 10},
        ),
        "two steps, BatchNorm, dropout, SGD": (
            BASELINE,
            {
                "update.discriminator": "two_steps",
                "discriminator.normalization": "batch",
                "discriminator.dropout": 0.3,
                "generator_optimizer.name": "sgd",
                "generator_optimizer.momentum": 0.5,
            },
        ),
        "undetached, BatchNorm": (RECIPES["s2"], {"update.detach": False, "batch_size": 8}),
        "GELU, LayerNorm first": (
            RECIPES["s3"],
            _both(activation="gelu", normalization="layer", normalization_first=True),
        ),
        "tanh": (BASELINE, _both(activation="tanh")),
    }
    return found | {f"crossing {name}": base.override(changes) for name, (base, changes) in crossings.items()}


def trained_group(variant: Variant, seeds: Sequence[int], engine: Engine, steps: int = STEPS) -> SeedGroup:
    """A stack of seeds after so many steps."""
    images = EPOCH_BATCHES * variant.batch_size + 3
    group = SeedGroup(variant.override({"training_images": images}), seeds, load_dataset("digits"), engine)
    group.advance(steps)
    return group


def digests(group: SeedGroup) -> dict[str, str]:
    """Of the curves, of each seed's weights, and of what a seed draws and judges after training."""
    dataset = load_dataset("digits")
    found = {"curves": _sha({"curves": group.take_curves()})}
    for slot, seed in enumerate(group.seeds):
        found[f"weights of seed {seed}"] = _sha(group.weights(slot))
    drawn = group.sample(1, 64)
    judged = group.discriminate(1, drawn, dataset.labels[1][:64])
    return found | {"samples": _sha({"drawn": drawn.numpy(), "judged": judged.numpy()})}


def _both(**settings: Any) -> dict[str, Any]:
    return {f"{network}.{key}": value for network in ("generator", "discriminator") for key, value in settings.items()}


def _sha(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} ".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def main(pattern: str = "", engine_facts: str = "") -> None:
    engine = Engine(**json.loads(engine_facts)) if engine_facts else choose_engine("cpu")
    set_up(engine)
    chosen = {name: variant for name, variant in variants().items() if pattern in name}
    print(json.dumps({name: digests(trained_group(v, SEEDS, engine)) for name, v in chosen.items()}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
