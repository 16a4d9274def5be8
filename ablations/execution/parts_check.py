"""Examine a user's own parts: each is trained for some steps, in every way in which a study would train it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ablations.catalog import BASELINE
from ablations.config import Engine, Variant
from ablations.config.origin import Origin
from ablations.config.own_modules import SIDES, ModuleFactories, line_of_function, takes_classes
from ablations.config.own_parts import PartError, silenced
from ablations.config.own_use import settings_taken
from ablations.config.part_facts import LossFacts, OutputFacts
from ablations.config.parts import KINDS, OUTPUTS
from ablations.config.registry import Part
from ablations.data import Dataset, DataShape, data_folder
from ablations.data.plausible import check_plausible
from ablations.data.shape import MNIST_SHAPE
from ablations.execution.part_findings import Finding, failed, findings
from ablations.execution.scoring_check import examine_extractor, examine_metric
from ablations.parts.guards import line_of
from ablations.training.seed_group import SeedGroup

STEPS = 8
"""Of each training."""
TIMED_STEPS, LEAST_SECONDS = 10, 0.2
IMAGES = 200
BASE = BASELINE.override({"batch_size": 16, "training_images": IMAGES, "steps": 2 * STEPS}, name="check")
"""The nearest built-in: a part takes the place of the one that this variant has."""
SQUASHING = {"Sigmoid": "sigmoid", "Tanh": "tanh"}
"""Last modules of a network that are output layers here."""
DRAWS = "draw from torch's, NumPy's or Python's global generators, which a run sets, and from nothing else"
DRAWS_NOTHING = "only networks may draw random numbers; a penalty is given its own as `draws` (uniform_draws=1)"
CNN = {"architecture": "cnn", "hidden": (10, 10), "kernels": (5, 3), "normalization": "none"}


def examine(origin: Origin, like: DataShape = MNIST_SHAPE, folder: Path | None = None) -> Iterator[Finding]:
    """Of every part of a source, in the order of its kinds, on noise in the form `like`; nothing that own code does
    stops it. `folder` is the data folder that datasets of its own are given.
    """
    data = example_data(like)
    for registry in KINDS.values():
        for name in registry:
            part = registry[name]
            if part.origin != origin:
                continue
            if registry.kind == "dataset":
                yield from _dataset(name, part, folder)
            elif registry.kind == "metric":
                yield from examine_metric(name, part)
            elif registry.kind == "extractor":
                yield from examine_extractor(name, part, data)
            else:
                made = {
                    label: list(_part(registry.kind, label, part, overrides, data))
                    for label, overrides in cases(registry.kind, name, part, labels=like.classes is not None)
                }
                yield from for_labels_only(made)


def for_labels_only(made: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    """The findings of all cases; a network that works with labels need not do without them."""
    for label, found in made.items():
        labelled = made.get(f"{label}, conditional", [])
        if found[0].fails and labelled and not any(item.fails for item in labelled):
            yield dataclasses.replace(found[0], result=f"with labels only; without: {found[0].result}", fails=False)
        else:
            yield from found


def cases(kind: str, name: str, part: Part, *, labels: bool = True) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a part is called, and the settings that train it; with `labels` conditional too."""
    builder = part.builder
    if isinstance(builder, ModuleFactories):
        for side in SIDES:
            if builder.of(side) is not None:
                chosen = {f"{side}.architecture": name}
                yield f"{side} {name}", chosen
                if labels and takes_classes(builder, side):
                    yield f"{side} {name}, conditional", {**chosen, "conditional": True}
        return
    if kind in ("architecture", "activation", "normalization", "weight_norm"):
        yield f"{kind} {name}", {f"{side}.{kind}": name for side in SIDES}
    elif isinstance(part, LossFacts):
        reached = [output for output in part.outputs if output in OUTPUTS]
        yield f"{kind} {name}", {"loss.criterion": name, **({"discriminator.output": reached[0]} if reached else {})}
    elif isinstance(part, OutputFacts):
        image_range = part.image_range or "unit"
        yield f"{kind} {name}", {"generator.output": name, "image_range": image_range}
    else:
        keys = {
            "penalty": ("loss.penalty",),
            "initialization": ("initialization",),
            "optimizer": ("generator_optimizer.name", "discriminator_optimizer.name"),
        }
        yield f"{kind} {name}", dict.fromkeys(keys[kind], name)


def example_data(like: DataShape = MNIST_SHAPE) -> Dataset:
    """Noise in a form, MNIST's or another: what is asked here does not depend on what the images show."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (IMAGES + 20, *like.image), generator=rng, dtype=torch.uint8)
    labels = None if like.classes is None else torch.arange(IMAGES + 20) % like.classes
    return Dataset(
        name="noise",
        train_images=images[:IMAGES],
        train_labels=None if labels is None else labels[:IMAGES],
        test_images=images[IMAGES:],
        test_labels=None if labels is None else labels[IMAGES:],
    )


def _part(kind: str, label: str, part: Part, overrides: Mapping[str, Any], data: Dataset) -> Iterator[Finding]:
    place = line_of(part)
    if isinstance(part.builder, ModuleFactories):
        place = line_of_function(part.builder.of(label.split(" ", 1)[0]))
    try:
        variant = BASE.override(overrides)
        with silenced():
            make = partial(SeedGroup, variant, dataset=data, engine=Engine())
            first = make((0, 1))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - own code may raise anything: it is what is asked
        yield failed(label, "builds", error, place)
        return
    if taken := {key: value for key, value in settings_taken(kind, part).items() if _belongs(key, overrides)}:
        said = ", ".join(f"{key}={value}" for key, value in taken.items())
        yield Finding(part=label, what="settings", result=f"takes {said}")
    own = next((network.own for network in first.networks if network.own), None)
    if own is not None:
        stacked = "all seeds are one computation"
        result = stacked if own.traits.stacks else f"no, one seed is trained after another: {own.traits.reason}"
        yield Finding(part=label, what="stacks", result=result)
    checks = (
        ("trains", lambda: _trains(first, place)),
        ("deterministic", lambda: _deterministic(make, place, own is not None)),
        ("resumes", lambda: _resumes(make, place)),
        ("neighbours", lambda: _neighbours(make, place)),
        ("cost", lambda: _cost(make, variant, data, own is not None and own.convolutional)),
    )
    yield from findings(label, checks, place)


def _belongs(setting: str, overrides: Mapping[str, Any]) -> bool:
    """Whether an own setting is of the side, or of the loss, that a case trains."""
    return any(key.partition(".")[0] == setting.partition(".")[0] for key in overrides)


def _curves(group: SeedGroup, steps: int) -> NDArray[Any]:
    group.advance(steps)
    return group.take_curves()


def _trains(group: SeedGroup, place: str) -> str:
    """Some steps, finite values, images of the right shape and range."""
    before = group.weights(0)
    _check_ends(group, place)
    finite = np.isfinite(_curves(group, STEPS)).all((1, 2))
    bad = [name for name, values in group.weights(0).items() if not np.isfinite(values).all()]
    if not finite.all():
        where = f"; {bad[0]} is not finite" if bad else ""
        raise PartError(f"{place}: a loss or a gradient is not finite at step {int(np.argmin(finite)) + 1}{where}")
    if bad:
        raise PartError(f"{place}: {bad[0]} is not finite after {STEPS} steps, though losses and gradients are")
    group.sample(0, 4)
    group.discriminate(0, torch.rand(4, *group.shape.image), torch.arange(4) % (group.shape.classes or 1))
    still = [name for name, values in group.weights(0).items() if (values == before[name]).all()]
    moved = len(before) - len(still)
    if not moved:
        raise PartError(f"{place}: {STEPS} steps change no weight")
    return f"{STEPS} steps, finite losses and gradients" + (f"; unchanged: {', '.join(still[:3])}" if still else "")


def _check_ends(group: SeedGroup, place: str) -> None:
    """Raise `PartError` where a module ends in what the output layer that the harness adds does once more."""
    for side, network in zip(SIDES, group.networks, strict=True):
        added = getattr(group.variant, side).output
        last = "" if network.own is None else network.own.last
        if last in SQUASHING and added in SQUASHING.values():
            raise PartError(
                f"{place}: the {side} ends in nn.{last}, and the output layer {added!r} comes on top of it; leave it "
                f"out: the setting {side}.output says what stands there"
            )


def _deterministic(make: Callable[[tuple[int, ...]], SeedGroup], place: str, network: bool) -> str:
    one, two = (_curves(make((0, 1)), STEPS) for _ in range(2))
    if not np.array_equal(one, two, equal_nan=True):
        step = int(np.argmax((one != two).any((1, 2)))) + 1
        raise PartError(
            f"{place}: the same run twice differs from step {step} on; {DRAWS if network else DRAWS_NOTHING}"
        )
    return "the same bits again"


def _resumes(make: Callable[[tuple[int, ...]], SeedGroup], place: str) -> str:
    whole = make((0, 1))
    _curves(whole, STEPS // 2)
    state = whole.state()
    whole.sample(0, 4)  # an evaluation in between must change nothing
    expected = _curves(whole, STEPS)
    again = make((0, 1))
    again.load_state(state, STEPS // 2)
    if not np.array_equal(_curves(again, STEPS), expected, equal_nan=True):
        raise PartError(f"{place}: a resumed run differs: state that is neither parameter nor buffer decides something")
    return "from a checkpoint to the bit"


def _neighbours(make: Callable[[tuple[int, ...]], SeedGroup], place: str) -> str:
    one, two = (_curves(make(seeds), STEPS)[:, :, 0] for seeds in ((0, 1), (0, 2)))
    if not np.array_equal(one, two, equal_nan=True):
        raise PartError(
            f"{place}: a seed's numbers depend on the other seeds of its stack; reduce within a seed only: the first "
            "axis counts seeds"
        )
    return "the other seeds of a stack do not matter"


def _cost(make: Callable[[tuple[int, ...]], SeedGroup], variant: Variant, data: Dataset, convolutional: bool) -> str:
    side = next((one for one in SIDES if getattr(variant, one).architecture != getattr(BASE, one).architecture), "")
    nearest = BASE.override({"conditional": variant.conditional})
    if convolutional and side:
        kernels = CNN["kernels"][:: -1 if side == "generator" else 1]
        nearest = nearest.override({f"{side}.{key}": value for key, value in {**CNN, "kernels": kernels}.items()})
    reference = SeedGroup(nearest, (0, 1), data, Engine())
    ours, theirs = _seconds(make((0, 1))), _seconds(reference)
    name = f"a built-in {'CNN' if convolutional else 'MLP'}" if side else "the built-in it replaces"
    return f"{ours * 500:.2f} ms a seed-step, {ours / theirs:.2g} times {name}"


def _seconds(group: SeedGroup) -> float:
    """Of a step of a stack of two seeds, the least of several."""
    group.advance(2)
    least, began = float("inf"), time.perf_counter()
    while least == float("inf") or time.perf_counter() - began < LEAST_SECONDS:
        started = time.perf_counter()
        group.advance(TIMED_STEPS)
        least = min(least, (time.perf_counter() - started) / TIMED_STEPS)
    return least


def _dataset(name: str, part: Part, folder: Path | None) -> Iterator[Finding]:
    label, place = f"dataset {name}", line_of(part)
    try:
        with silenced():
            made = [part.load()(data_folder(folder), lambda line: None) for _ in range(2)]
            if not isinstance(made[0], Dataset):
                raise PartError(f"it must be an ablations.data.Dataset, not {type(made[0]).__name__}")
            check_plausible(made[0])
            if made[0].digest != made[1].digest:
                raise PartError("it gives other images at each call; its digest is what identifies the data")
            variant = dataclasses.replace(BASE, training_images=len(made[0].train_images))
            SeedGroup(variant.override({"batch_size": min(16, len(made[0].train_images))}), (0,), made[0], Engine())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - own code may raise anything
        yield failed(label, "loads", error, place)
        return
    shape = made[0].shape
    sizes = f"{len(made[0].train_images):,} and {len(made[0].test_images):,} images, {shape}"
    classes = "no labels" if shape.classes is None else f"{shape.classes} classes"
    yield Finding(part=label, what="loads", result=f"{sizes}, {classes}; the same bits again")
