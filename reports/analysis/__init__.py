"""From runs to verdicts: frames, statistics, answers to claims. Knows nothing of torch."""
