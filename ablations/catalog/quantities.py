"""What every training step records. Data only."""

CURVES = ("d_loss_real", "d_loss_fake", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")
"""Per-step quantities, each float32 of shape (steps,): the two halves of D's loss, G's loss, the batch means of
D(x) and D(G(z)) (as probabilities), and the L2 norms of the gradients the two optimizers got."""

DISCRIMINATOR_METRICS = ("d_real_test", "d_fake_eval", "d_accuracy")
"""What an evaluation asks of D itself, whatever scorer looks at G's images: its mean on the test images and on drawn
ones, and the share of both that it tells apart. They are part of a training's record, not of a scorer's."""
