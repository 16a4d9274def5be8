"""Extractors of a user's own: beside the built-in ones, or in the place of one of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ablations.catalog.metrics import METRICS
from ablations.config.digest import digest_of_arrays, sha256_of
from ablations.config.errors import ConfigError
from ablations.config.own_modules import line_of_function
from ablations.config.own_parts import PartError, failing_in_a_sentence
from ablations.config.parts import EXTRACTOR_PARTS
from ablations.scoring.extractors import EXTRACTORS
from ablations.scoring.extractors.pixels import checked, in_chunks
from ablations.scoring.extractors.trunk import Shape
from ablations.scoring.features import Features


class OwnExtractor:
    """What a user's function gives, held to what every extractor promises; make it with `load_own_extractor`."""

    def __init__(self, own_name: str, look: Callable[[Tensor], Any], digest: str, device: str) -> None:
        self.own_name = own_name
        part = EXTRACTOR_PARTS[own_name]
        self.name = part.replaces or own_name
        """What results call it: the name of the one that it replaces."""
        self.digest = digest
        self._look, self._device = look, torch.device(device)
        self._reads = part.replaces == "reader"
        self._place = line_of_function(part.builder)

    def features(self, images: Tensor) -> Features:
        """See `Extractor`.

        Raises:
            PartError: the function fails, or gives something else than features, with its line.
        """
        images = checked(images)
        with failing_in_a_sentence(f"the extractor {self.own_name!r}", self._place):
            found = in_chunks(images, self._compute, self._device)
        if images.is_floating_point():
            # An image with a value that is not finite is known by its features, whatever the function makes of it.
            spoiled = ~images.isfinite().flatten(1).all(1)
            for values in found:
                values[spoiled] = torch.nan
        features, *rest = (values.numpy() for values in found)
        return Features(features=features, probabilities=rest[0] if rest else None)

    def _compute(self, images: Tensor) -> tuple[Tensor, ...]:
        made = self._look(images)
        parts = made if isinstance(made, tuple | list) else (made,)
        said = f"{self._place}: the extractor {self.own_name!r} must give "
        if not 1 <= len(parts) <= 2 or not all(isinstance(part, Tensor) for part in parts):
            raise PartError(f"{said}features (n, d), or these and probabilities (n, classes), not {_words(made)}")
        for part in parts:
            if part.ndim != 2 or len(part) != len(images) or not part.is_floating_point():
                raise PartError(f"{said}floats (n, d) for n = {len(images)} images, not {_words(part)}")
        if self._reads and len(parts) < 2:
            raise PartError(f"{said}features and the probabilities of the classes, as it replaces the reader")
        if len(parts) > 1 and not torch.allclose(parts[1].sum(1).nan_to_num(1.0), parts[1].new_ones(()), atol=1e-3):
            raise PartError(f"{said}probabilities that sum to 1 for each image; softmax makes them of logits")
        return tuple(part.detach().float() for part in parts)


def own_extractors(shape: Shape, device: str = "cpu") -> tuple[OwnExtractor, ...]:
    """All that are registered, for images of a shape.

    Raises:
        ConfigError: a name that is taken, or two that replace the same one.
        PartError: one cannot be made.
    """
    return tuple(load_own_extractor(name, shape, device) for name in checked_names())


def checked_names() -> tuple[str, ...]:
    """Of those that are registered; raises `ConfigError` where results could not tell them from others."""
    places: dict[str, str] = {}
    for name in EXTRACTOR_PARTS:
        replaced = EXTRACTOR_PARTS[name].replaces
        if name in EXTRACTORS:
            raise ConfigError(f"the extractor {name!r} is built in; take another name, or say replaces={name!r}")
        if clash := [row for row in METRICS if row.startswith(f"{name}_")]:
            raise ConfigError(f"an extractor {name!r} would give metrics called like {clash[0]!r}; take another name")
        if replaced and replaced in places:
            raise ConfigError(f"the extractors {places[replaced]!r} and {name!r} both replace {replaced!r}; name one")
        places[replaced] = name
    return tuple(EXTRACTOR_PARTS)


def load_own_extractor(name: str, shape: Shape, device: str = "cpu") -> OwnExtractor:
    """One of them, made once a process; its digest is of the source that registered it and of what it has learned."""
    part = EXTRACTOR_PARTS[name]
    return _made(name, part.origin.sha256 if part.origin else "", tuple(shape), device)


@functools.lru_cache(maxsize=8)
def _made(name: str, source: str, shape: Shape, device: str) -> OwnExtractor:
    builder = EXTRACTOR_PARTS[name].load()
    place, what = line_of_function(builder), f"the extractor {name!r}"
    with failing_in_a_sentence(what, place), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        takes = {"shape": shape} if "shape" in inspect.signature(builder).parameters else {}
        look: Any = builder(**takes)
        if not callable(look):
            raise PartError(f"{place}: {what} must be made as an nn.Module or a function, not {type(look).__name__}")
        learned = ""
        if isinstance(look, nn.Module):
            look = look.eval().requires_grad_(False).to(device)
            learned = digest_of_arrays({key: value.cpu().numpy() for key, value in look.state_dict().items()})
    return OwnExtractor(name, look, sha256_of([name, source, learned]), device)


def _words(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{value.dtype} of {tuple(value.shape)}".removeprefix("torch.")
    return f"a {type(value).__name__}"
