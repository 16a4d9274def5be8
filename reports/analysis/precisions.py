"""A study that was trained twice, with operands in float32 and in bfloat16, as one study of both. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ablations.catalog.publication import ALSO_IN_BFLOAT16
from ablations.config import Contrast
from ablations.config.study import with_operands

if TYPE_CHECKING:
    from ablations.store import StoredStudy

PRECISION = "bfloat16"


def side_by_side(studies: Mapping[str, StoredStudy]) -> dict[str, StoredStudy]:
    """The studies by name; of those that were also trained with bfloat16 operands one of both, in the plain one's
    place: `VARIANT-bfloat16` is held against `VARIANT`, seed by seed.
    """
    found = dict(studies)
    for name in ALSO_IN_BFLOAT16:
        other = found.pop(with_operands(name, PRECISION), None)
        if other is not None and name in found:
            found[name] = _both(found[name], other)
    return found


def _both(plain: StoredStudy, other: StoredStudy) -> StoredStudy:
    """Each variant is followed by its other self; a contrast for those that both have runs of."""
    study, named = plain.study, {v.name: with_operands(v.name, PRECISION) for v in other.study.variants}
    moved = [
        replace(result, run=replace(run, variant=replace(run.variant, name=named[run.variant.name])))
        for result in other.results
        for run in [result.run]
    ]
    pairs = [
        (variant, replace(other.study.variant(variant.name), name=named[variant.name]))
        for variant in study.variants
        if variant.name in named
    ]
    variants = tuple(itertools.chain(*pairs, (v for v in study.variants if v.name not in named)))
    results = [*plain.results, *moved]
    trained = {result.run.variant.name for result in results}
    asked = tuple(
        Contrast(axis="precision", question=f"{PRECISION} operands: {one.name}", treatment=to.name, reference=one.name)
        for one, to in pairs
        if {one.name, to.name} <= trained
    )
    places = {variant.name: place for place, variant in enumerate(variants)}
    return replace(
        plain,
        study=replace(study, variants=variants, contrasts=(*study.contrasts, *asked)),
        results=tuple(sorted(results, key=lambda result: places[result.run.variant.name])),
        unreadable={**plain.unreadable, **other.unreadable},
        digests={**plain.digests, **other.digests},
    )
