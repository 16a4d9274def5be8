"""Studies that answer single claims: S1-a (refinements crossed), S1-b (dense or convolutional, and the pixels that a
CNN leaves out) and S3-b (balance).
"""

from __future__ import annotations

from dataclasses import replace

from ablations.catalog.axes import ACTIVATION, ARCHITECTURE, LOSS, NORMALIZATION, OPTIMIZER
from ablations.catalog.combine import ask, crossed
from ablations.config import Contrast, Study, Variant

_REFINEMENTS = (
    (LOSS, ("mse", "bce")),
    (ACTIVATION, ("sigmoid", "leaky-relu-0.02")),
    (NORMALIZATION, ("no-norm", "layer-norm")),
    (OPTIMIZER, ("sgd", "adam-1e-3")),
)

IMBALANCES = (2, 10, 50)
"""How many times one network gets what the other gets."""

_WAYS = (
    ("d-steps", "D updates a G update", "update.discriminator_steps"),
    ("g-steps", "G updates a D update", "update.generator_steps"),
    ("d-rate", "times G's rate for D", "discriminator_optimizer.learning_rate"),
    ("g-rate", "times D's rate for G", "generator_optimizer.learning_rate"),
)


def imbalance_study(baseline: Variant) -> Study:
    """The baseline, and either network given 2, 10 and 50 times the updates or the rate of the other."""
    variants, contrasts = [baseline], []
    for name, words, key in _WAYS:
        for times in IMBALANCES:
            value = baseline.flat()[key] * times
            variants.append(baseline.override({key: value}, name=f"{name}-x{times}"))
            contrasts.append(
                Contrast(
                    axis=f"balance, {name}",
                    question=f"{times} {words} instead of balance",
                    treatment=f"{name}-x{times}",
                    reference=baseline.name,
                    claims=("S3-b",),
                )
            )
    return Study(
        name="imbalance",
        title="Does a network that is too strong make the model collapse?",
        description=(
            "The baseline, balanced, against D or G with 2, 10 and 50 times the updates or the learning rate of the "
            "other. An iteration has one update of the weaker network, so that both get as many iterations."
        ),
        variants=tuple(variants),
        contrasts=tuple(contrasts),
        seeds=10,
        evaluations=4,
    )


def matched_study(baseline: Variant) -> Study:
    """MLP and CNN with as many parameters as each other, once with the CNN's number and once with the MLP's."""
    cnn = ARCHITECTURE.level("cnn").apply(baseline, "cnn")
    wide = cnn.override({"generator.hidden": (72, 72), "discriminator.hidden": (72, 72)}, name="cnn-wide")
    narrow = baseline.override({"generator.hidden": (20,), "discriminator.hidden": (20,)}, name="mlp-narrow")
    return Study(
        name="matched",
        title="Dense or convolutional, with as many parameters?",
        description=(
            "MLP and CNN with LayerNorm in the same places and, to within 2%, the same number of parameters in both "
            "networks together: about 34,500 (the baseline's CNN, an MLP of 20 hidden units) and about 336,000 (the "
            "baseline's MLP, a CNN of 72 channels). The CNN's last row and column are one grey: its D, as S1 has it, "
            "never reads them."
        ),
        variants=(baseline, narrow, cnn, wide),
        contrasts=tuple(
            Contrast(
                axis=ARCHITECTURE.name,
                question=f"CNN instead of MLP, {size} parameters",
                treatment=treatment,
                reference=reference,
                claims=("S1-b",),
            )
            for size, treatment, reference in (
                ("34,500", cnn.name, narrow.name),
                ("336,000", wide.name, baseline.name),
            )
        ),
        seeds=10,
        evaluations=4,
    )


def edge_study(baseline: Variant) -> Study:
    """S1's CNN, whose D leaves out the last row and column, against one that reads every pixel, after two epochs."""
    matched = matched_study(baseline)
    cnn, narrow = matched.variant("cnn"), matched.variant("mlp-narrow")
    return Study(
        name="edge",
        title="What does the edge cost that S1's CNN cannot see?",
        description=(
            "S1's kernels of 5 and 3 leave out the last of 28 rows and columns: D never reads them, and G draws one "
            "grey there. Kernels of 4 and 3 fit, and nothing is left out. With seven channels for ten that CNN has 6% "
            "fewer parameters than S1's, and 5% fewer than the MLP of 20 hidden units; all have LayerNorm in the same "
            "places."
        ),
        variants=(cnn, _reads_all(cnn), narrow),
        contrasts=(
            _edge_asked("every pixel read, instead of all but an edge, two epochs", "cnn-whole", "cnn"),
            _edge_asked(
                "every pixel read, instead of an MLP of as many parameters, two epochs", "cnn-whole", narrow.name
            ),
        ),
        seeds=10,
        evaluations=4,
    )


def _reads_all(cnn: Variant) -> Variant:
    changes: dict[str, object] = {"generator.kernels": (3, 4), "discriminator.kernels": (4, 3)}
    changes |= {f"{side}.hidden": (7, 7) for side in ("generator", "discriminator")}
    return cnn.override(changes, name=f"{cnn.name}-whole")


def _edge_asked(words: str, treatment: str, reference: str) -> Contrast:
    question = f"CNN: {words}"
    return Contrast(
        axis=ARCHITECTURE.name, question=question, treatment=treatment, reference=reference, claims=("S1-b",)
    )


def crossed_study(baseline: Variant) -> Study:
    """S1's four refinements in all combinations, each asked of where it is the only one and where it is the last."""
    contrasts = []
    for place, (axis, (plain, refined)) in enumerate(_REFINEMENTS):
        for corner, where in enumerate(("alone", "with the other three")):
            names = [levels[corner] for _, levels in _REFINEMENTS]
            pair = ["+".join([*names[:place], level, *names[place + 1 :]]) for level in (refined, plain)]
            contrast = ask(axis, axis.level(refined), axis.level(plain), (pair[0], pair[1]))
            contrasts.append(replace(contrast, question=f"{contrast.question}, {where}"))
    return Study(
        name="crossed",
        title="Do S1's refinements depend on each other?",
        description=(
            "The baseline with every combination of MSE or BCE, Sigmoid or LeakyReLU(0.02), no normalisation or "
            "LayerNorm, SGD 0.01 or Adam 1e-3: main effects and two-way interactions."
        ),
        variants=crossed(baseline, _REFINEMENTS),
        contrasts=tuple(contrasts),
        seeds=5,
        evaluations=4,
    )
