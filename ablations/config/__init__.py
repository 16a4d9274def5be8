"""What is trained, as frozen, validated, hashable data. No torch.

A `Variant` is a recipe of one GAN; a `Study` is a list of variants with the contrasts that are asked of them; a `Run`
is one seed of one variant on one engine. `overrides` makes them of plain data, `parts` are the names that it
may say and what is known of each, `rules` refuses impossible combinations, `errors` are what a user can cause.
"""

from ablations.config.digest import sha256_of
from ablations.config.run import Engine, Run
from ablations.config.study import Contrast, Study
from ablations.config.variant import (
    Latent,
    Loss,
    Network,
    Optimizer,
    Update,
    Variant,
)

__all__ = [
    "Contrast",
    "Engine",
    "Latent",
    "Loss",
    "Network",
    "Optimizer",
    "Run",
    "Study",
    "Update",
    "Variant",
    "sha256_of",
]
