"""From stored results to answers: frames, statistics, figures, and one HTML file. No torch, no MLflow."""

from reports.pages.study_page import build

__all__ = ["build"]
