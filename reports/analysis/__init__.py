"""The statistics of a study: scores in, verdicts out. Pure: NumPy and SciPy only, no file is read."""
