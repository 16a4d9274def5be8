"""One question, answered from made-up scores of several kinds."""

from __future__ import annotations

import numpy as np

from ablations.catalog.metrics import LABEL_FREE, READER
from ablations.config import Contrast
from reports.analysis.agreement import Answer, Measures, answers
from reports.analysis.decision_rules import Rules
from reports.analysis.verdicts import Scores

ASKED = [Contrast(axis="a", question="q", treatment="t", reference="r")]
KINDS = (READER, LABEL_FREE)
NAMES = tuple(f"{name}_10k" for kind in KINDS for name in (kind.whole, kind.images, kind.shares))


def answered(
    *,
    images: float = 0.0,
    other: float | None = None,
    shares: float = 0.0,
    seeds: int = 12,
    names: tuple[str, ...] = NAMES,
    floor: float = 0.0,
) -> Answer:
    """Of made-up scores: the treatment's images differ by so much, by the second kind of features by `other`."""
    random = np.random.default_rng(1)

    def table(moved: float, spread: float = 0.2) -> Scores:
        noise = random.normal(50, spread, (2, seeds)) + np.array([[moved], [0.0]])
        return {name: dict(enumerate(map(float, row))) for name, row in zip("tr", noise, strict=True)}

    second = images if other is None else other
    tables = {READER.images: table(images), READER.shares: table(shares), LABEL_FREE.images: table(second)}
    tables[LABEL_FREE.shares] = table(shares)
    for kind in KINDS:
        parts = tables[kind.images], tables[kind.shares]
        tables[kind.whole] = {
            side: {seed: parts[0][side][seed] + parts[1][side][seed] for seed in range(seeds)} for side in "tr"
        }
    rules = Rules(noise_floor=floor)
    return answers(lambda name: tables[name.removesuffix("_10k")], Measures.of(names), ASKED, rules)[0]
