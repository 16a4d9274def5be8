"""A study of seconds."""

from __future__ import annotations

from ablations.config import Contrast, Study, Variant
from ablations.execution.plan import Options

BASE = Variant(name="base", batch_size=16, steps=40, training_images=1_000).override(
    {"generator.hidden": 16, "discriminator.hidden": 16}
)
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
