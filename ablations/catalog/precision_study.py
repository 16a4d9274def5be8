"""The study of what bfloat16 operands change: run it twice, as it is and with `--precision bfloat16`."""

from __future__ import annotations

from ablations.catalog.axes import ARCHITECTURE
from ablations.catalog.recipes import S2, S3, S4
from ablations.config import Study, Variant

_STEPS = {"s2": 2_000, "s3": 3_000, "s4": 5_500}
"""S2's to its first printed losses, ten epochs of S3 and of S4: a fraction of each document's length."""


def precision_study(baseline: Variant) -> Study:
    """The baseline, its CNN, and the recipes with batches large enough to gain."""
    recipes = tuple(one.override({"steps": _STEPS[one.name]}) for one in (S2, S3, S4))
    return Study(
        name="precision",
        title="Do bfloat16 operands change the score?",
        description=(
            "The same trainings with the operands of their products in float32 and, with --precision bfloat16, in "
            "bfloat16: seed by seed, 10 seeds, judged by compare within 10% of the score. S2 for 2,000 steps, S3 "
            "for 3,000, S4 for 5,500: shorter than their documents' so that both are affordable."
        ),
        variants=(baseline, ARCHITECTURE.level("cnn").apply(baseline), *recipes),
        seeds=10,
        evaluations=4,
    )
