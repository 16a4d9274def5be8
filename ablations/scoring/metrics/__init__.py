"""Scores of images: from features to numbers, one file a metric. Only NumPy and SciPy."""
