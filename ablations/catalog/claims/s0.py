"""What S0 claims."""

from __future__ import annotations

from ablations.catalog.claims.checks import above, mostly, rise, score
from ablations.config.claim import Claim

LABEL_HELPS = (
    score("document", "S0 against S1: conditional has the lower score", "recipes/s0", "recipes/s1"),
    score("harness", "baseline: conditional has the lower score", "long-axes/conditional", "long-axes/baseline"),
)
"""S0-b and S1-d say the same of images, so they have the same tests."""

CLAIMS = (
    Claim(
        name="S0-a",
        text=(
            "D's loss does not go to 0, it rises; that is good, because an ideal GAN's loss is not 0 (for BCE "
            "ln 2 = 0.693 a term, for MSE 0.25)."
        ),
        tests=(
            rise("document", "S0: D's loss ends higher than it was in the first tenth", "recipes/s0"),
            above("document", "S0: it ends above a tenth of ln 2", "recipes/s0", "bce"),
            rise("harness", "baseline, BCE: D's loss ends higher than it was in the first tenth", "long-axes/baseline"),
            above("harness", "baseline, BCE: it ends above a tenth of ln 2", "long-axes/baseline", "bce"),
            rise("harness", "MSE: D's loss ends higher than it was in the first tenth", "long-axes/mse"),
            above("harness", "MSE: it ends above a tenth of 0.25", "long-axes/mse", "mse"),
        ),
        reading=(
            "Loss of D: the mean of its halves on real and on fake images. First tenth: from 2% of the steps on. The "
            "same two tests of the document's own loop and of the baseline."
        ),
    ),
    Claim(name="S0-b", text="The extra label helps training.", tests=LABEL_HELPS),
    Claim(
        name="S0-c",
        text="Asked for a 5, G draws 5s.",
        tests=(
            mostly("document", "S0: asked for a 5, more than half are 5s", "recipes/s0", "label_accuracy_5"),
            mostly(
                "harness", "conditional baseline: more than half are 5s", "long-axes/conditional", "label_accuracy_5"
            ),
        ),
        reading="Of the samples in which anything can be read, as the reader reads them; by chance a tenth are 5s.",
    ),
)
