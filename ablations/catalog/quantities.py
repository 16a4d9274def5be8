"""What every training step records. Data only."""

CURVES = ("d_loss_real", "d_loss_fake", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")
"""Per-step quantities, each float32 of shape (steps,): the two halves of D's loss, G's loss, the batch means of
D(x) and D(G(z)) (as probabilities), and the L2 norms of the gradients the two optimizers got."""
