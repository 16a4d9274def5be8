"""Data only: recipes, axes and studies. No torch."""

from ablations.catalog.axes import AXES
from ablations.catalog.axis import Axis, Level
from ablations.catalog.recipes import RECIPES
from ablations.catalog.studies import BASELINE, STUDIES

__all__ = ["AXES", "BASELINE", "RECIPES", "STUDIES", "Axis", "Level"]
