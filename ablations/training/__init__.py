"""From parts and random draws to weights. Knows nothing of scores, files or MLflow."""
