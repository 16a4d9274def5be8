"""Samples that come from elsewhere: arrays, folders of pictures, the programs of generators.

Nothing that is read here can run code, except a generator (`programs`), which the user names as one.
"""

from ablations.scoring.samples.checked import RANGES, Samples
from ablations.scoring.samples.numpy_files import read_array, read_labels
from ablations.scoring.samples.picture_folder import read_folder
from ablations.scoring.samples.programs import generate

__all__ = ["RANGES", "Samples", "generate", "read_array", "read_folder", "read_labels"]
