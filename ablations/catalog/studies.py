"""The studies: which variants are trained side by side, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ablations.catalog.axes import (
    ACTIVATION,
    ARCHITECTURE,
    AXES,
    CONDITIONING,
    LATENT_DISTRIBUTION,
    LATENT_SIZE,
    LOSS,
    NORMALIZATION,
    OPTIMIZER,
)
from ablations.catalog.axis import Axis
from ablations.catalog.claim_studies import crossed_study, edge_study, imbalance_study, matched_study
from ablations.catalog.combine import asked_of, one_factor
from ablations.catalog.face_studies import FACE_STUDIES
from ablations.catalog.gallery import gallery_study
from ablations.catalog.long_axes import long_axes_study
from ablations.catalog.normalization_studies import normalization_places_study, normalization_study
from ablations.catalog.precision_study import precision_study
from ablations.catalog.recipes import RECIPES, S0, S1, S1_CNN, S1_FIRST_ATTEMPT, S2, S3, S4, S4_200_EPOCHS, S4_PRINTED
from ablations.config import Contrast, Study

BASELINE = S1.override(
    {
        "recipe": "baseline",
        "update.discriminator": "joint",
        "batch_size": 64,
        "steps": 2_000,
        "generator_optimizer.learning_rate": 1e-3,
        "generator_optimizer.beta1": 0.5,
        "discriminator_optimizer.learning_rate": 1e-3,
        "discriminator_optimizer.beta1": 0.5,
    },
    name="baseline",
)
"""S1's refined pair, made fast enough for a study of minutes: batch 64, a joint D step, Adam 1e-3 with beta1 0.5.
Chosen in a pilot: with the documents' rate of 1e-4, tens of thousands of steps pass before a comparison means
anything; with these, the score at step 2,000 is within a tenth of that at step 3,000."""


_QUICK_LEVELS = (
    (LOSS, "mse"),
    (ACTIVATION, "sigmoid"),
    (NORMALIZATION, "no-norm"),
    (NORMALIZATION, "batch-norm"),
    (OPTIMIZER, "sgd"),
    (CONDITIONING, "conditional"),
    (ARCHITECTURE, "cnn"),
)

QUICK = Study(
    name="quick",
    title="Which choice makes the GAN better?",
    description=(
        "A baseline and, one factor at a time, the other levels of the six axes that the documents compare: loss, "
        "activation, normalisation, optimizer, conditioning, architecture. Minutes on two cores."
    ),
    variants=one_factor(BASELINE, _QUICK_LEVELS),
    contrasts=asked_of(
        BASELINE,
        (
            (LOSS, "bce", "mse"),
            (ACTIVATION, "leaky-relu-0.02", "sigmoid"),
            (NORMALIZATION, "layer-norm", "no-norm"),
            (NORMALIZATION, "batch-norm", "layer-norm"),
            (OPTIMIZER, "adam-1e-3", "sgd"),
            (CONDITIONING, "conditional", "unconditional"),
            (ARCHITECTURE, "cnn", "mlp"),
        ),
    ),
    seeds=10,
    evaluations=4,
)


def _all_levels() -> Iterator[tuple[Axis, str]]:
    """Each that the baseline does not have; one that an axis before has too is left to that."""
    seen = {BASELINE.digest}
    for axis in AXES.values():
        for level in axis.levels:
            digest = level.apply(BASELINE).digest
            if digest not in seen:
                seen.add(digest)
                yield axis, level.name


_ALL_LEVELS = tuple(_all_levels())


def _own_level(axis: Axis) -> str:
    own = axis.level_of(BASELINE)
    assert own is not None, f"the baseline has no level of the axis {axis.name}"
    return own.name


AXES_STUDY = Study(
    name="axes",
    title="Every level of every axis",
    description="The baseline, and one factor at a time every other level of every axis that the documents compare.",
    variants=one_factor(BASELINE, _ALL_LEVELS),
    contrasts=asked_of(BASELINE, [(axis, level, _own_level(axis)) for axis, level in _ALL_LEVELS]),
    seeds=5,
    evaluations=4,
)

RECIPE_EVALUATIONS, RECIPE_STEPS = 10, (300, 1_000, 2_000, 16_500)
"""Where the documents' own trainings are scored: along the way, and where a document prints or says something."""

SINGLE_IMAGES = 10_000
"""Steps of the documents' loops over single images where 20 seeds of each are compared."""

_LADDER_STEPS = (
    (LOSS, "bce", "BCE"),
    (ACTIVATION, "leaky-relu-0.02", "LeakyReLU(0.02)"),
    (NORMALIZATION, "layer-norm", "LayerNorm"),
    (OPTIMIZER, "adam", "Adam 1e-4"),
    (LATENT_SIZE, "z100", "z of 100"),
    (LATENT_DISTRIBUTION, "normal-z", "z from N(0, 1)"),
)


def _ladder() -> Study:
    rungs = [S1_FIRST_ATTEMPT.override({}, name="0-first-attempt")]
    contrasts = []
    for number, (axis, level, label) in enumerate(_LADDER_STEPS, start=1):
        before = rungs[-1]
        rungs.append(axis.level(level).apply(before, f"{number}-{level}"))
        contrasts.append(
            Contrast(
                axis=axis.name,
                question=f"{label} added",
                treatment=rungs[-1].name,
                reference=before.name,
                claims=axis.claims,
            )
        )
    return Study(
        name="ladder",
        title="S1's refinements, one after the other",
        description=(
            "From the first attempt (MSE, Sigmoid, no normalisation, SGD, z of one uniform number), each rung adds one "
            "of the four refinements of S1, then its later choice of z. Batch 1 and two D steps, for 240,000 images, "
            "as in S1: the first rung and the last are runs of the recipes. Hours; --steps shortens it."
        ),
        variants=tuple(rungs),
        contrasts=tuple(contrasts),
        seeds=10,
        evaluations=RECIPE_EVALUATIONS,
        scored_steps=RECIPE_STEPS,
    )


_CONDITIONAL = Contrast(
    axis="conditioning",
    question="conditional instead of unconditional",
    treatment="s0",
    reference="s1",
    claims=("S0-b", "S1-d"),
)

_SLIP = Contrast(
    axis="schedule",
    question="an update a batch instead of an update an epoch",
    treatment="s4",
    reference="s4-printed",
    claims=("S4-slip",),
)

RECIPES_STUDY = Study(
    name="recipes",
    title="The recipes of the five documents",
    description=(
        "S0 to S4 as they are written, each to its own length, with S1's first attempt and its CNN, S2 with z of 10, "
        "S4 for 200 epochs and as it is printed. Hours at full length; --steps shortens it."
    ),
    variants=(*RECIPES.values(), S4_200_EPOCHS),
    contrasts=(
        _CONDITIONAL,
        Contrast(
            axis="refinements",
            question="S1's refinements and its later z instead of the first attempt",
            treatment="s1",
            reference="s1-first-attempt",
            claims=("S1-a",),
        ),
        Contrast(axis="latent-size", question="z of 64 instead of z of 10", treatment="s2", reference="s2-z10"),
        _SLIP,
    ),
    seeds=10,
    evaluations=RECIPE_EVALUATIONS,
    scored_steps=RECIPE_STEPS,
)

DOCUMENTS = Study(
    name="documents",
    title="S0 to S3 as they are written, shortened",
    description=(
        "The documents' own recipes at lengths that 20 seeds of each can be trained for in minutes: single images for "
        f"{SINGLE_IMAGES:,} steps, S2 to the step 2,000 whose losses it prints, S3 for 2,000 steps. S4 is a study of "
        "its own."
    ),
    variants=(
        *(recipe.override({"steps": SINGLE_IMAGES}) for recipe in (S0, S1, S1_CNN)),
        *(recipe.override({"steps": 2_000}) for recipe in (S2, S3)),
    ),
    contrasts=(
        _CONDITIONAL,
        Contrast(
            axis="architecture",
            question="S1's CNN with BatchNorm instead of its MLP with LayerNorm",
            treatment="s1-cnn",
            reference="s1",
            claims=("S1-b", "S1-q"),
        ),
    ),
    seeds=5,
    evaluations=4,
)

S4_STUDY = Study(
    name="s4",
    title="S4 as it is meant and as it is printed",
    description=(
        "One update a batch for 2,000 steps, scored every 100, against the loop as it is printed: one update an epoch, "
        "100 in all."
    ),
    variants=(S4.override({"steps": 2_000}), S4_PRINTED),
    contrasts=(_SLIP,),
    seeds=5,
    evaluations=20,
)


STUDIES: Mapping[str, Study] = {
    study.name: study
    for study in (
        QUICK, long_axes_study(BASELINE),
        RECIPES_STUDY, AXES_STUDY, _ladder(), DOCUMENTS, S4_STUDY, normalization_study(BASELINE),
        normalization_places_study(BASELINE), crossed_study(BASELINE),
        *FACE_STUDIES, gallery_study(BASELINE), imbalance_study(BASELINE), matched_study(BASELINE),
        edge_study(BASELINE), precision_study(BASELINE),
    )
}  # fmt: skip
"""Every study by name."""
