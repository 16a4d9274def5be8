"""What S4 claims, and its slip."""

from __future__ import annotations

from ablations.catalog.claims.checks import below, check, falls, halves, stays
from ablations.config.claim import Claim, Value

_RUN = "recipes/s4-200-epochs"
_EPOCH = 550
_AT_30, _AT_100 = 30 * _EPOCH, 100 * _EPOCH

CLAIMS = (
    Claim(
        name="S4-a",
        text=(
            "Samples start as noise and sharpen step by step; about 300 repetitions are already good, and after about "
            "1,000 quality no longer changes."
        ),
        tests=(
            halves("document", "a repetition is an update: at 300 the score is below half of the start's", _RUN, 300),
            stays("document", "a repetition is an update: from 1,000 to the end the score stays the same", _RUN, 1_000),
            halves(
                "document", "by the figures' epochs: at epoch 30 the score is below half of the start's", _RUN, _AT_30
            ),
            falls(
                "document", "by the figures' epochs: from epoch 30 to epoch 200 the score still falls", _RUN, _AT_30
            ),
            stays(
                "document",
                "by the figures' epochs: from epoch 100 to epoch 200 the score stays the same",
                _RUN,
                _AT_100,
            ),
        ),
        reading=(
            "The document calls 300 repetitions what its file names call epoch 30, and 1,000 what they call epoch 200. "
            "A repetition may be an update, or these captions stand for those epochs (16,500 and 110,000 updates as "
            "meant): both are tested. Equal is refuted only by a difference shown to be more than the margin of 10%."
        ),
        seen=(
            "Until step 1,000 nothing can be read, and the score orders noise. At epoch 30 85% can be read and the "
            "score is 14.9, below half of the start's and 2.4 times that of epoch 200: good is a matter of the limit. "
            "It goes on falling, by less and less: 7.4 at epoch 100, 6.3 at epoch 200."
        ),
    ),
    Claim(
        name="S4-b",
        text="The digits drawn exist nowhere in MNIST: they are new handwriting, not copies.",
        tests=(
            below("document", "epoch 200: memorization below 0.6 (0.5: new, 1: copies)", _RUN, "memorization", 0.6),
            below("document", "epoch 200: fewer than 1% of the samples are copies", _RUN, "copy_share", 0.01),
        ),
        reading=(
            "A copy lies nearer to a training image, as the reader sees it, than 99.9% of the test images do. That "
            "copies of which there are 1% among samples of equal quality would be found is shown by the certificate."
        ),
        seen=(
            "Of these runs 97% of the images can be read. The tests alone do not ask for that: noise, such as the "
            "slip draws, is no copy either. None of the 10,000 images of any run is a copy, so that with 95% "
            "confidence fewer than 0.03% of a run's are (exact binomial bound). memorization is 0.17 where new images "
            "have 0.5: what is drawn lies farther from the training images than real digits do."
        ),
    ),
    Claim(
        name="S4-slip",
        kind="slip",
        reading="Tested as: the slip costs quality.",
        text="As printed, the training calls stand outside the batch loop: one update an epoch, 100 in all.",
        tests=(
            check(
                "document", "an update a batch has a lower score at epoch 100 than an update an epoch",
                Value(of=_RUN, step=_AT_100), "lower", Value(of="recipes/s4-printed"),
            ),
        ),
    ),
)  # fmt: skip
