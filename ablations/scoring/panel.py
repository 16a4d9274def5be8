"""The panel: the extractors that look at every model, and what they all say of the same images."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ablations.config.digest import sha256_of
from ablations.config.errors import DataError
from ablations.config.parts import DATASETS, EXTRACTOR_PARTS
from ablations.data import Dataset, data_folder
from ablations.data.splits import load_split
from ablations.scoring.extractors import load_extractor
from ablations.scoring.features import Extractor, Features
from ablations.scoring.own_extractors import own_extractors

READER, LABEL_FREE, PIECES = "reader", "contrastive", "pieces"
PANEL = (READER, LABEL_FREE)
"""By default: one that knows the classes, and one of another kind, trained without labels."""
COMMANDS: Mapping[str, str] = {READER: "classifier", LABEL_FREE: "extractor"}
"""What trains them."""
EXTRACTOR_WORDS: Mapping[str, str] = {READER: "reader", LABEL_FREE: "label-free extractor"}
"""What they are called to people."""

Views = Mapping[str, Features]
"""What each extractor says of the same n images, by its name."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Extractors that look at the same images; make it with `load_panel`."""

    extractors: tuple[Extractor, ...]
    where: tuple[str, ...] = ()
    """What rounds their features, where that is not a CPU: what is kept of the real images is kept apart by it."""

    @functools.cached_property
    def digest(self) -> str:
        """Of all of their weights: scores of different panels cannot be compared."""
        return sha256_of([[one.name, one.digest] for one in self.extractors])

    def views(self, images: Tensor) -> Views:
        """Of images (n, channels, height, width), uint8 or float in [0, 1]; raises what `Extractor.features` does."""
        return {one.name: one.features(images) for one in self.extractors}

    def only(self, *names: str) -> Panel:
        """Some of the extractors."""
        return Panel(tuple(one for one in self.extractors if one.name in names), self.where)


@functools.lru_cache(maxsize=4)
def load_panel(names: tuple[str, ...] = PANEL, device: str = "cpu") -> Panel:
    """The extractors of these names, loaded once a process.

    Raises:
        ConfigError: no such extractor.
        DataError: a file of weights is missing or altered.
    """
    return Panel(tuple(load_extractor(name, device=device) for name in names), _where(device))


def _where(device: str) -> tuple[str, ...]:
    if not device.startswith("cuda"):
        return ()
    facts = (torch.cuda.get_device_name(torch.device(device)), torch.version.cuda, torch.backends.cudnn.version())
    return (device, *map(str, facts))


def panel_of(name: str, folder: Path | None = None, device: str = "cpu") -> Panel:
    """The extractors by which a dataset is scored: those of this project, or those trained on it, and `pieces`; then
    the user's own, each last or in the place of the one that it replaces.

    Data without labels have the label-free one alone of those two.

    Raises:
        DataError: it has none yet; the message says how to train them.
        PartError: one of the user's own fails at the first images, with its line.
    """
    own: dict[str, Extractor] = {}
    if EXTRACTOR_PARTS:
        seen, _ = load_split(name, "whole", folder)
        own = {one.name: one for one in own_extractors(seen.shape.image, device)}
        if seen.train_labels is None:
            own.pop(READER, None)
        for one in own.values():
            one.features(seen.test_images[:2])
    built_in = load_panel(_built_in(name, folder, own), device)
    if not own:
        return built_in
    there = {one.name: one for one in built_in.extractors} | own
    return Panel(tuple(there[kind] for kind in dict.fromkeys([*PANEL, PIECES, *own]) if kind in there), built_in.where)


def _built_in(name: str, folder: Path | None, own: Collection[str]) -> tuple[str, ...]:
    """What `load_panel` is to load of this project's extractors: those that none of the user's own replaces."""
    if name in DATASETS and DATASETS[name].frozen:
        return tuple(kind for kind in PANEL if kind not in own)
    dataset, digest = load_split(name, "whole", folder)
    trained = tuple(kind for kind in kinds_for(dataset) if kind not in own)
    for kind in trained:
        if not place_of(kind, digest, folder).is_file():
            command = f"ablations {COMMANDS[kind]} --data {name}" + (f" --data-folder {folder}" if folder else "")
            origin = DATASETS[name].origin if name in DATASETS else None
            command += f" --parts {origin.place or origin.name}" if origin else ""
            raise DataError(
                f"{dataset.name} has no {EXTRACTOR_WORDS[kind]} to be scored by yet; train it, once, with: {command}"
            )
    return (*(f"{kind}:{place_of(kind, digest, folder)}" for kind in trained), PIECES)


def kinds_for(dataset: Dataset) -> tuple[str, ...]:
    """The extractors that are trained to look at models of a dataset: without labels nothing can be read."""
    return PANEL if dataset.train_labels is not None else (LABEL_FREE,)


def place_of(kind: str, data_digest: str, folder: Path | None = None) -> Path:
    """Where the weights of an extractor lie that was trained on data of this digest."""
    return data_folder(folder) / "extractors" / data_digest[:16] / f"{kind}.safetensors"
