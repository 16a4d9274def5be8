"""What S0 claims."""

from __future__ import annotations

from ablations.catalog.claims.checks import above, mostly, rise, score
from ablations.config.claim import Claim

LABEL_HELPS = (
    score("document", "S0 against S1: conditional has the lower score", "recipes/s0", "recipes/s1"),
    score("harness", "baseline: conditional has the lower score", "long-axes/conditional", "long-axes/baseline"),
)
"""S0-b and S1-d say the same of images, so they have the same tests."""
LABEL_SHORT = (
    "Better in all ten seeds, at the documents' length (4.00 against 7.81) and in the baseline (2.21 against 5.07); at "
    "the documents' length the label-free features leave it open."
)
LABEL_SEEN = (
    "At the documents' own length all ten runs of S0 score lower than all ten of S1, by either kind of features (3.6 "
    "to 4.3 against 7.4 to 8.3, and 2.9 to 3.9 against 5.0 to 7.0). By the label-free ones the interval of the mean "
    "reaches 0 all the same: it also holds where noise is as skewed as a lognormal's, which ten seeds cannot exclude, "
    "and all tests of this page share one error. An unpaired test of ranks would have decided it; "
    "none was written down before, and in pairs ten seeds are too few for one among all tests of this page."
)

CLAIMS = (
    Claim(
        name="S0-a",
        text=(
            "D's loss does not go to 0, it rises; that is good, because an ideal GAN's loss is not 0 (for BCE "
            "ln 2 = 0.693 a term, for MSE 0.25)."
        ),
        in_short=(
            "D's loss is nearly 0 early on, then it rises: in S0 from 0.0869 to 0.384, in the baseline from 0.301 to "
            "0.349."
        ),
        before="On 24 November 2026, from runs of 2,000 steps: confirmed, by the same tests.",
        tests=(
            rise("document", "S0: D's loss ends higher than it was in the first tenth", "recipes/s0"),
            above("document", "S0: it ends above a tenth of ln 2", "recipes/s0", "bce"),
            rise("harness", "baseline, BCE: D's loss ends higher than it was in the first tenth", "long-axes/baseline"),
            above("harness", "baseline, BCE: it ends above a tenth of ln 2", "long-axes/baseline", "bce"),
            rise("harness", "MSE: D's loss ends higher than it was in the first tenth", "long-axes/mse"),
            above("harness", "MSE: it ends above a tenth of 0.25", "long-axes/mse", "mse"),
        ),
        reading=(
            "It rises: its last tenth lies above its first. Loss of D: the mean of its halves on real and on fake "
            "images. First tenth: from 2% of the steps on. The same two tests of the document's own loop and of the "
            "baseline."
        ),
        seen=(
            "D's loss does go to 0 nearly, but early: between 0.1% and 0.5% of the steps it is 0.002 in S0, 0.05 in "
            "the baseline and 0.009 with MSE. Then it rises. In S0 it rises to the end; in the baseline and with MSE "
            "it falls again in the second half of the training, in every run, and stays above where it was in the "
            "first tenth. That this is good is not tested."
        ),
    ),
    Claim(
        name="S0-b",
        text="The extra label helps training.",
        in_short=LABEL_SHORT,
        before=(
            "On 24 November 2026, from runs of 2,000 steps, by the plain distance, class shares included: not shown."
        ),
        tests=LABEL_HELPS,
        seen=LABEL_SEEN,
    ),
    Claim(
        name="S0-c",
        text="Asked for a 5, G draws 5s.",
        in_short="Asked for a 5, 0.881 of what can be read is read as a 5 in S0, 0.925 in the baseline.",
        before="On 24 November 2026, from runs of 2,000 steps: confirmed, by the baseline alone.",
        tests=(
            mostly("document", "S0: asked for a 5, more than half are 5s", "recipes/s0", "label_accuracy_5"),
            mostly(
                "harness", "conditional baseline: more than half are 5s", "long-axes/conditional", "label_accuracy_5"
            ),
        ),
        reading="Of the samples in which anything can be read, as the reader reads them; by chance a tenth are 5s.",
    ),
)
