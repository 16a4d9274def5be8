"""The gallery: the runs that it is made of, and one picture of each kind of them. Rows of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ablations.catalog.recipes import S0, S2, S3, S4
from ablations.config import Study, Variant


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture: of which run, and what `ablations sample` would be told."""

    name: str
    run: str
    kind: str
    """grid, walk, sums, along or nearest."""
    options: Mapping[str, Any] = field(default_factory=dict)
    command: str
    """What draws it, behind `ablations sample`."""
    says: str


def gallery_study(baseline: Variant) -> Study:
    """Runs of a minute or two, for pictures; no contrast is asked of them."""
    return Study(
        name="gallery",
        title="The documents' GANs, shortened",
        description="The recipes at lengths of a minute or two, for pictures.",
        variants=(
            baseline.override({"conditional": True, "steps": 6_000}, name="conditional"),
            S4.override({"steps": 5_500}),
            S3.override({"steps": 3_000}),
            S2.override({"steps": 2_000}),
            S0.override({"steps": 20_000}),
        ),
        seeds=1,
        evaluations=10,
    )


PICTURES = (
    Shown(
        name="labels", run="gallery/conditional", kind="grid", command="gallery/conditional",
        says="All ten labels, a row each, on the same six latents (S0's rows).",
    ),
    Shown(
        name="one-label", run="gallery/conditional", kind="grid", options={"labels": (5,)},
        command="gallery/conditional --label 5",
        says="Six latents, asked for a 5 (S0's 2x3 grid).",
    ),
    Shown(
        name="s0", run="gallery/s0", kind="grid", command="gallery/s0",
        says="S0 itself after 20,000 single images, a third of an epoch: it does not listen to the label yet.",
    ),
    Shown(
        name="sixteen", run="gallery/s3", kind="grid", command="gallery/s3",
        says="S3's grid of sixteen, after ten of its hundred epochs.",
    ),
    Shown(
        name="walk", run="gallery/conditional", kind="walk", options={"labels": (3, 8), "frames": 14},
        command="gallery/conditional --walk --label 3 --label 8 --frames 14",
        says="The way from one latent to another, asked for a 3 and for an 8.",
    ),
    Shown(
        name="sums", run="gallery/conditional", kind="sums", options={"labels": (4,), "sums": ("0+1", "0-1")},
        command="gallery/conditional --sum 0+1 --sum 0-1 --label 4",
        says="A sum and a difference of two latents, and the two beside them (the book's experiments with seeds).",
    ),
    Shown(
        name="along", run="gallery/s4", kind="along", command="gallery/s4 --along",
        says="S4's row of ten samples along ten of its hundred epochs.",
    ),
    Shown(
        name="nearest", run="gallery/conditional", kind="nearest", command="gallery/conditional --nearest",
        says="Samples, each with the three training images nearest to it and the distance of the nearest.",
    ),
    Shown(
        name="faces", run="faces/cnn", kind="grid", command="faces/cnn",
        says="Drawn faces by the small CNN of the build of S1's CelebA pair, after 2,000 steps, in colour.",
    ),
    Shown(
        name="faces-mlp", run="faces/mlp", kind="grid", command="faces/mlp",
        says="The same latents by the MLP.",
    ),
    Shown(
        name="faces-nearest", run="faces/cnn", kind="nearest", command="faces/cnn --nearest",
        says="The CNN's faces and the drawn ones nearest to them.",
    ),
)  # fmt: skip
