"""Data only: recipes, axes and studies. No torch."""

from ablations.catalog.axes import AXES
from ablations.catalog.axis import Axis, Level
from ablations.catalog.recipes import FACE_RECIPES, RECIPES
from ablations.catalog.studies import BASELINE, STUDIES

__all__ = ["AXES", "BASELINE", "FACE_RECIPES", "RECIPES", "STUDIES", "Axis", "Level"]
