"""Examine a user's own metrics and extractors: what they say of noise, twice, and in other company."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import torch

from ablations.config.own_parts import PartError, silenced
from ablations.config.registry import Part
from ablations.data import Dataset
from ablations.execution.part_findings import Finding, failed, findings
from ablations.parts.guards import line_of
from ablations.scoring.extractors import load_extractor
from ablations.scoring.features import Extractor, Features
from ablations.scoring.metrics.values import Reading, Reference, Samples
from ablations.scoring.own_extractors import OwnExtractor, checked_names, load_own_extractor
from ablations.scoring.own_metrics import check_own_claims, measured, own_digests

CLOSE = 1e-4
"""Of the largest feature: kernels round differently for images in other places."""


def examine_metric(name: str, part: Part) -> Iterator[Finding]:
    """On random features and classes: a number, and the same one again."""
    rng = np.random.default_rng(0)
    seen, test = (Features(features=rng.normal(size=(60, 8)).astype(np.float32)) for _ in range(2))
    read = [Reading(labels=rng.integers(0, 10, 60), readable=np.arange(60) > 0, classes=10) for _ in range(2)]
    samples = Samples(seen=seen, read=read[0])
    reference = Reference(test=test, load_training=lambda: test, read=read[1])
    try:
        own_digests()
        check_own_claims()
        with silenced():
            values = [measured(name, samples, reference) for _ in range(2)]
        if bad := [value for value in values if not math.isfinite(value)]:
            raise PartError(f"what the metric {name!r} gives of random features is not finite: {bad[0]:g}")
        if values[0] != values[1]:
            raise PartError(f"the metric {name!r} gives another number at each call: {values[0]:g}, {values[1]:g}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - own code may raise anything
        yield failed(f"metric {name}", "measures", error, line_of(part))
        return
    yield Finding(part=f"metric {name}", what="measures", result=f"{values[0]:g} of random features; the same again")


def examine_extractor(name: str, part: Part, data: Dataset) -> Iterator[Finding]:
    """On noise: features of every image, finite, of that image alone, the same again."""
    label, images = f"extractor {name}", data.train_images
    try:
        checked_names()
        with silenced():
            extractor = load_own_extractor(name, data.shape.image)
            seen = extractor.features(images)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - own code may raise anything
        yield failed(label, "looks", error, line_of(part))
        return
    place = "beside the built-in ones" if extractor.name == name else f"in the place of {extractor.name}"
    yield Finding(part=label, what="looks", result=f"{seen.features.shape[1]} features an image, {place}")
    checks = (
        ("finite", lambda: _finite(seen)),
        ("deterministic", lambda: _deterministic(extractor, images, seen)),
        ("neighbours", lambda: _neighbours(extractor, images, seen)),
        ("cost", lambda: _cost(extractor, images)),
    )
    yield from findings(label, checks, line_of(part))


def _finite(seen: Features) -> str:
    if not seen.finite:
        bad = int(np.argmin(np.isfinite(seen.features).all(1)))
        raise PartError(f"a feature of image {bad} is not finite")
    if not np.ptp(seen.features, axis=0).any():
        raise PartError("it gives every image the same features, so it tells no images apart")
    return "every feature, and they tell images apart"


def _deterministic(extractor: OwnExtractor, images: torch.Tensor, seen: Features) -> str:
    again = extractor.features(images)
    if not np.array_equal(again.features, seen.features):
        raise PartError("it gives other features at each call; leave random numbers and state out of it")
    return "the same bits again"


def _neighbours(extractor: OwnExtractor, images: torch.Tensor, seen: Features) -> str:
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    other = extractor.features(images[order]).features
    apart = float(np.abs(other - seen.features[order.numpy()]).max() / np.abs(seen.features).max())
    if apart > CLOSE:
        raise PartError(
            f"an image's features depend on the other images of a batch (by {apart:.2g} of the largest): reduce within "
            "an image only"
        )
    return "the other images of a batch do not matter"


def _cost(extractor: OwnExtractor, images: torch.Tensor) -> str:
    ours, theirs = (_seconds(one, images) for one in (extractor, load_extractor("reader")))
    return f"{ours * 1e6 / len(images):.0f} ms for 1,000 images, {ours / theirs:.2g} times the built-in reader"


def _seconds(extractor: Extractor, images: torch.Tensor) -> float:
    """The least of several."""
    found = []
    for _ in range(3):
        started = time.perf_counter()
        extractor.features(images)
        found.append(time.perf_counter() - started)
    return min(found)
