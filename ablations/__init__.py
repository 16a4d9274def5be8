"""Reproducible ablations of generative adversarial networks on MNIST.

The package root imports nothing heavy: the catalog, the store and the reports work without torch.
"""

__version__ = "0.1.0"
