"""Which variants of a study belong together. Pure."""

from __future__ import annotations

from ablations.config import Study


def axes(study: Study) -> dict[str, list[str]]:
    """Axis to the variants drawn together for it, references first; without contrasts one unnamed axis of all."""
    groups: dict[str, list[str]] = {}
    for contrast in study.contrasts:
        groups.setdefault(contrast.axis, [])
    for axis, names in groups.items():
        contrasts = [contrast for contrast in study.contrasts if contrast.axis == axis]
        for name in [*(c.reference for c in contrasts), *(c.treatment for c in contrasts)]:
            if name not in names:
                names.append(name)
    return groups or {"": [variant.name for variant in study.variants]}


def anchor(study: Study) -> str | None:
    """The variant that most contrasts are about, on either side; of several the one that is a reference most often."""
    references = [contrast.reference for contrast in study.contrasts]
    sides = references + [contrast.treatment for contrast in study.contrasts]
    return max(sides, key=lambda name: (sides.count(name), references.count(name)), default=None)
