"""What a variant names: networks and their layers, losses, optimizers."""
