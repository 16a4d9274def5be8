"""Figures as SVG markup and as PNG."""
