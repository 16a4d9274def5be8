"""Normalisations of what a block computes: from the layer's name and the shape of one sample to layers."""

from __future__ import annotations

from ablations.parts.layers import BatchNorm, Layer, LayerNorm


def none(name: str, shape: tuple[int, ...]) -> tuple[Layer, ...]:
    return ()


def layer(name: str, shape: tuple[int, ...]) -> tuple[Layer, ...]:
    return (LayerNorm(name, shape),)


def batch(name: str, shape: tuple[int, ...]) -> tuple[Layer, ...]:
    return (BatchNorm(name, shape[0]),)
