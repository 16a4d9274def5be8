"""Scores of images: from images to features (`features`), from features to numbers (one file a metric, all in `suite`).

Only `features` needs torch. A metric's name states its protocol: `frechet_10k` is for 10,000 samples.
"""
