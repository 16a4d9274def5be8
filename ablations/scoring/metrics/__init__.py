"""Scores of images: from features to numbers, one file a metric (all in `scoring.suite`).

Only `neighbours` needs torch. A metric's name states its protocol: `frechet_10k` is for 10,000 samples.
"""
