"""From stored results to answers: frames, statistics, figures, and one HTML file. No torch, no MLflow."""

from reports.html import build

__all__ = ["build"]
