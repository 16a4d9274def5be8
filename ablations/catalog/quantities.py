"""What every training step records, and what tables of runs say beside the scores. Data only."""

CURVES = ("d_loss_real", "d_loss_fake", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")
"""Per-step quantities, each float32 of shape (steps,): the two halves of D's loss, G's loss, the batch means of
D(x) and D(G(z)) (as probabilities), and the L2 norms of the gradients the two optimizers got."""

OBJECTIVE_GRADIENTS = ("g_gradient_saturating", "g_gradient_non_saturating")
"""The norm of the gradient that G would get from minimising log(1 - D(G(z))) and from maximising log D(G(z)), at the
same weights."""

DISCRIMINATOR_METRICS = ("d_real_test", "d_fake_eval", "d_accuracy", "d_last_fake", *OBJECTIVE_GRADIENTS)
"""What an evaluation asks of D itself, whatever scorer looks at G's images: its mean on the test images and on drawn
ones, the share of both that it tells apart, what the last D says of the images drawn now, and what G learns from it.
They are part of a training's record, not of a scorer's."""

GRID_IMAGES = 40
"""Samples kept of each evaluation; of a conditional G, four rows of the ten classes."""

RUN_FACTS = (
    "study", "variant", "seed", "status", "score", "last_step", "steps", "train_seconds", "evaluation_seconds",
    "reason", "key", "weights_sha256",
)  # fmt: skip
"""Of each run, in a table of runs; the scores follow."""
