"""Samples that come from elsewhere: arrays, folders of pictures, the programs of generators.

Nothing that is read here can run code, except a generator (`programs`), which the user names as one.
"""

from ablations.samples.arrays import read_array, read_labels
from ablations.samples.pictures import read_folder
from ablations.samples.programs import generate
from ablations.samples.values import RANGES, Samples

__all__ = ["RANGES", "Samples", "generate", "read_array", "read_folder", "read_labels"]
