"""What a study file of seconds says."""

from __future__ import annotations

from typing import Any

TINY = {"base": "s3", "steps": 6, "batch_size": 8, "generator.hidden": [8], "discriminator.hidden": [8]}
SMALL: dict[str, Any] = {
    "name": "small",
    "title": "Two small GANs",
    "description": "As small as they come.",
    "seeds": 2,
    "evaluations": 1,
    "variants": [
        {"name": "plain", **TINY},
        {"name": "slow", **TINY, "generator_optimizer.learning_rate": 1e-5},
    ],
    "contrasts": [{"axis": "rate", "question": "a lower rate for G", "treatment": "slow", "reference": "plain"}],
}
