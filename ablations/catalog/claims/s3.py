"""What S3 claims."""

from __future__ import annotations

from ablations.catalog.claims.checks import check, falls
from ablations.config.claim import Check, Claim, Value

_WAYS = (
    ("d-steps", "times the updates for D"),
    ("g-steps", "times the updates for G"),
    ("d-rate", "times the rate for D"),
    ("g-rate", "times the rate for G"),
)


def _fewer(way: str, words: str, times: int, name: str) -> Check:
    """A measure of variety is lower than the balanced baseline's."""
    measure = Value(of=f"imbalance/{way}-x{times}", metric=name)
    against = Value(of="imbalance/baseline", metric=name)
    return check("harness", f"{times} {words}: lower {name}", measure, "lower", against)


CLAIMS = (
    Claim(
        name="S3-a",
        text="There is no quantitative measure of how close samples are to real images, only a subjective look.",
        in_short=(
            "S3's score goes from none, with nothing readable, to 11.0 at half time and 5.19 at the end, in all ten "
            "runs: ten pairs are too few to be sure of the first step."
        ),
        before=(
            "On 24 November 2026, from runs of 2,000 steps, by the plain distance, class shares included: refuted, by"
            " the distance at the first step too. From 1 December on there is no score where nothing can be read; "
            "until the evening of that day two steps of one run were taken for independent runs (Fisher's exact "
            "test), and it was refuted. In pairs (McNemar's) ten runs are too few for the first test."
        ),
        tests=(
            falls("document", "S3: the score falls from the first step to the last", "recipes/s3", 0),
            falls("document", "S3: it still falls in the second half of the training", "recipes/s3", 15_000),
            falls("harness", "baseline: the score falls from the first step to the last", "long-axes/baseline", 0),
        ),
        denied=True,
        reading=(
            "The score is one if it orders models as their training does. At the first step nothing can be read, so "
            "that there is no score yet, as there is none of a run that collapsed: there the test is of how many runs "
            "have one. That it also orders damages of real images is what the certificate shows "
            "(reports/published/certificate)."
        ),
        seen=(
            "It is one where digits can be read. Before that the distance orders noise, and rises while networks "
            "train: S4's from 76 at step 300 to 98 at step 1,000, in all ten runs, as S1's and S2's and nine of S0's "
            "rise early, with nothing readable. And it is of the images alone: a run that draws a "
            "single class well scores better than the baseline (3.3 against 5.1), which is why such runs count as "
            "collapsed, by a rule of their own."
        ),
    ),
    Claim(
        name="S3-b",
        text="When one network is too strong, the model collapses; balance matters.",
        in_short=(
            "Fifty times the updates, of either network, makes all runs collapse; fifty times the rate makes none. The "
            "claim is of every way of being too strong."
        ),
        before=(
            "On 24 November 2026, from runs of 2,000 steps: refuted, by coverage alone, which five times D's steps, "
            "D's rate and G's rate raised from 0.192 to 0.214, 0.204 and 0.210. The tests of five times were "
            "given up for ten and fifty times."
        ),
        tests=(
            *(
                _fewer(way, words, times, name)
                for way, words in _WAYS
                for times in (10, 50)
                for name in ("mode_count", "coverage")
            ),
        ),
        reading=(
            "Too strong is ten and fifty times the updates, or the rate, of the other; twice is in the study imbalance "
            "too. Collapse is read off the classes drawn and off coverage, each by itself; recall and how much can be "
            "read stand in the study."
        ),
        seen=(
            "Fifty times the updates, of either network, makes all ten runs collapse, and all four tests of it hold: "
            "with D's every run draws one class alone, well; with G's all samples of a run are nearly the same image, "
            "and in eight of ten runs nothing can be read. Fifty times a rate leaves 9 or 10 classes in every "
            "run, but a coverage lower by 29% (D's, in nine seeds of ten) and 31% (G's, in all ten); ten times D's "
            "rate leaves 7 or 8 classes in six runs of ten. These tests do not show it. By the rule every way has to "
            "show it, so the claim is not shown."
        ),
    ),
    Claim(
        name="S3-c",
        text="How the result comes about cannot be explained.",
        in_short="It is about understanding, not about a number.",
        beyond="It is about understanding, not about a number: no run can confirm or refute it.",
    ),
)
