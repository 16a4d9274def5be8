"""What S3 claims."""

from __future__ import annotations

from ablations.catalog.claims.checks import check, falls
from ablations.config.claim import Check, Claim, Value


def _fewer(says: str, variant: str, name: str) -> Check:
    """A measure of variety is lower than the baseline's."""
    return check("harness", says, Value(of=variant, metric=name), "lower", Value(of="axes/baseline", metric=name))


CLAIMS = (
    Claim(
        name="S3-a",
        text="There is no quantitative measure of how close samples are to real images, only a subjective look.",
        tests=(
            falls("document", "S3: the score falls from the first step to the last", "recipes/s3", 0),
            falls("document", "S3: it still falls in the second half of the training", "recipes/s3", 15_000),
            falls("harness", "baseline: the score falls from the first step to the last", "axes/baseline", 0),
        ),
        denied=True,
        reading=(
            "The score is one if it orders models as their training does. That it also orders damages of real images "
            "is what the certificate shows (reports/published/certificate)."
        ),
    ),
    Claim(
        name="S3-b",
        text="When one network is too strong, the model collapses; balance matters.",
        tests=(
            *(
                _fewer(f"{words}: lower {name}", f"axes/{variant}", name)
                for variant, words in (
                    ("d-steps-5", "five D steps a G step"),
                    ("d-rate-x5", "D's rate five times G's"),
                    ("g-rate-x5", "G's rate five times D's"),
                )
                for name in ("mode_count", "recall", "coverage")
            ),
        ),
        reading="Collapse is read off classes drawn, recall and coverage, each by itself.",
    ),
    Claim(
        name="S3-c",
        text="How the result comes about cannot be explained.",
        beyond="It is about understanding, not about a number: no run can confirm or refute it.",
    ),
)
