"""The statistics of a study: scores in, verdicts out. NumPy and SciPy only; but for the proof no file is read.

`verdicts.compare` judges a study at once and `looks.follow` after every block of seeds; `along.along` says how an
answer came about over training, `sentences` what stands beside it. Beneath them: `groups` (effect and error), `guarded`
(intervals that hold under skewed noise), `decisions` (what an interval says), `statuses`, `power`, `futility`, `cost`.
`simulate` proves it, `calibrate` makes the critical values.
"""
