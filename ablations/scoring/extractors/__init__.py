"""Images to features. Each extractor is a file here and a row of `EXTRACTORS`, chosen by its name.

An extractor never draws and never learns: its weights are frozen, and their digest is part of what a score is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.config.errors import ConfigError, unknown
from ablations.config.paths import with_home

if TYPE_CHECKING:
    from ablations.scoring.features import Extractor

    Loader = Callable[[Path | None, str], Extractor]


def _reader(path: Path | None, device: str) -> Extractor:
    from ablations.scoring.extractors import reader

    return reader.load_reader(path or reader.WEIGHTS, device=device)


def _contrastive(path: Path | None, device: str) -> Extractor:
    from ablations.scoring.extractors import contrastive

    return contrastive.load_contrastive(path or contrastive.WEIGHTS, device=device)


def _dinov2(path: Path | None, device: str) -> Extractor:
    from ablations.scoring.extractors.dinov2 import load_dinov2

    return load_dinov2(path, device=device)


def _torchscript(path: Path | None, device: str) -> Extractor:
    from ablations.scoring.extractors.torchscript import load_torchscript

    if path is None:
        raise ConfigError("the extractor 'torchscript' needs a file: torchscript:FILE")
    return load_torchscript(path, device=device)


def _pieces(path: Path | None, device: str) -> Extractor:
    from ablations.scoring.extractors.pieces import Pieces

    if path is not None:
        raise ConfigError("the extractor 'pieces' has no weights, so it takes no file")
    return Pieces(device)


# Each imports torch, and what it needs beside, only when it is asked for.
EXTRACTORS: Mapping[str, Loader] = {
    "reader": _reader,
    "contrastive": _contrastive,
    "dinov2": _dinov2,
    "torchscript": _torchscript,
    "pieces": _pieces,
}
"""By name: what loads it, from a weights file or from where the extractor has its own, onto a device."""


def load_extractor(name: str, *, device: str = "cpu") -> Extractor:
    """The extractor `name`, or `name:FILE` for one with the weights of a file.

    Raises:
        ConfigError: no such extractor, or it needs a file.
        DataError: its file is missing, altered, or of another kind.
    """
    kind, _, file = name.partition(":")
    if kind not in EXTRACTORS:
        raise unknown("extractor", kind, EXTRACTORS)
    return EXTRACTORS[kind](with_home(file) if file else None, device)
