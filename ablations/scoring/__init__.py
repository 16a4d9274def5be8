"""From images to numbers: extractors give features, metrics make numbers of them. Knows nothing of training."""
