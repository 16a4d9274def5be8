"""From stored results to answers: frames, statistics, figures, and one HTML file. No torch, no MLflow."""
