"""What BatchNorm in place of LayerNorm changes (S1-q): by architecture, by batch size, and by where it stands."""

from __future__ import annotations

import itertools

from ablations.catalog.axes import ARCHITECTURE, NORMALIZATION
from ablations.catalog.normalization_place import NORMALIZATION_PLACE
from ablations.config import Contrast, Study, Variant

ARCHITECTURES = ("mlp", "cnn")


def normalization_study(baseline: Variant) -> Study:
    """Every normalisation on both architectures, at batch 1 and at the baseline's; dense BatchNorm cannot do batch 1.
    The variants that the study of all axes has too carry its names' settings, so that their runs are shared.
    """
    variants: list[Variant] = []
    contrasts: list[Contrast] = []
    batches = (baseline.batch_size, 1)
    for architecture, batch in itertools.product(ARCHITECTURES, batches):
        norms = ("no-norm", "layer-norm", *(() if (architecture, batch) == ("mlp", 1) else ("batch-norm",)))
        names = [f"{architecture}-{norm}-batch-{batch}" for norm in norms]
        for norm, name in zip(norms, names, strict=True):
            shaped = ARCHITECTURE.level(architecture).apply(baseline.override({"batch_size": batch}))
            variants.append(NORMALIZATION.level(norm).apply(shaped, name))
        for one, other in itertools.pairwise(range(len(norms))):
            treatment, reference = NORMALIZATION.level(norms[other]), NORMALIZATION.level(norms[one])
            contrasts.append(
                Contrast(
                    axis=f"{architecture.upper()}, batch {batch}",
                    question=f"{treatment.label} instead of {reference.label}, {architecture.upper()}, batch {batch}",
                    treatment=names[other],
                    reference=names[one],
                    claims=("S1-q",),
                )
            )
    return Study(
        name="normalization",
        title="What did BatchNorm instead of LayerNorm change?",
        description=(
            "No normalisation, LayerNorm and BatchNorm on the baseline's MLP and CNN, at batch 64 and at batch 1. "
            "BatchNorm on dense layers is impossible at batch 1: the variance of one value is zero."
        ),
        variants=tuple(variants),
        contrasts=tuple(contrasts),
        seeds=5,
        evaluations=4,
    )


def normalization_places_study(baseline: Variant) -> Study:
    """BatchNorm in G, in D, in both, and in both with real and fake images in one batch, on the MLP and the CNN."""
    reference, *levels = NORMALIZATION_PLACE.levels
    variants: list[Variant] = []
    contrasts: list[Contrast] = []
    for architecture in ARCHITECTURES:
        shaped = ARCHITECTURE.level(architecture).apply(baseline)
        variants += [level.apply(shaped, f"{architecture}-{level.name}") for level in (reference, *levels)]
        contrasts += [
            Contrast(
                axis=f"{NORMALIZATION_PLACE.name}, {architecture.upper()}",
                question=f"{level.label} instead of {reference.label}, {architecture.upper()}",
                treatment=f"{architecture}-{level.name}",
                reference=f"{architecture}-{reference.name}",
                claims=NORMALIZATION_PLACE.claims,
            )
            for level in levels
        ]
    return Study(
        name="normalization-places",
        title="Is it BatchNorm, or where it stands?",
        description=(
            "BatchNorm in place of LayerNorm in G before the activation, in D, in both after the activation, and in "
            "both with the statistics of one batch of real and fake images, on the baseline's MLP and CNN at batch 64. "
            "Last before a dense D's output, with real and fake images in batches of their own, it makes both means of "
            "the logit equal by construction."
        ),
        variants=tuple(variants),
        contrasts=tuple(contrasts),
        seeds=10,
        evaluations=4,
    )
