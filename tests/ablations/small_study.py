"""A study of seconds, and how to run it."""

from __future__ import annotations

import dataclasses
from typing import Any

from ablations.config import Contrast, Study, Variant
from ablations.execution.events import Event
from ablations.execution.options import Options
from ablations.execution.plan import Plan, make_plan
from ablations.execution.runner import Summary, execute
from ablations.store import Archive, Result

BASE = Variant(name="base", batch_size=16, steps=40, training_images=1_000).override(
    {"generator.hidden": 16, "discriminator.hidden": 16}
)
WILD = BASE.override(
    {
        f"{side}_optimizer.{key}": value
        for side in ("generator", "discriminator")
        for key, value in (("name", "sgd"), ("learning_rate", 1e38))
    },
    name="wild",
)
"""It diverges."""
STUDY = Study(
    name="small",
    title="Small",
    description="For tests.",
    variants=(BASE, BASE.override({"conditional": True, "loss.criterion": "mse"}, name="other")),
    contrasts=(Contrast(axis="loss", question="other instead of base", treatment="other", reference="base"),),
    seeds=3,
    evaluations=2,
)
OPTIONS = Options(dataset="digits", device="cpu", workers=1)


def run(study: Study, archive: Archive, **options: Any) -> tuple[Summary, list[Event]]:
    """Run a study; what became of it, and all that was said of it on the way."""
    events: list[Event] = []
    made = make_plan(study, dataclasses.replace(OPTIONS, **options), archive)
    return execute(made, archive, events.append), events


def digests(archive: Archive) -> dict[str, tuple[str, dict[str, str]]]:
    """Of every run of an archive, by key: its status, and what its weights, curves and scores are to the bit."""
    return {result.key: (result.status, result.digests) for result in kept(archive)}


def kept(archive: Archive) -> list[Result]:
    """Every run of an archive, with its weights, in the order of the keys."""
    return [*map(archive.get, archive.keys())]


def plan(archive: Archive, **options: Any) -> Plan:
    """Of the study above, with these options."""
    return make_plan(STUDY, dataclasses.replace(OPTIONS, **options), archive)


def keys(found: Plan) -> set[str]:
    """Of all runs of a plan's study."""
    return {member.key for member in found.members}
