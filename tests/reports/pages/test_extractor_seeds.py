"""The page on the extractors' seeds: verdicts by each of them, and how far scores move."""

from __future__ import annotations

import pandas as pd

from reports.analysis.findings import find
from reports.pages.extractor_seeds import page
from tests.reports.factories import quick_study, stored


def test_the_same_scores_have_the_same_verdicts_and_others_have_others() -> None:
    found = find(stored(quick_study()))
    rows = pd.DataFrame(
        [
            {"variant": item.run.variant.name, "seed": item.run.seed, "extractor": 1}
            | {name: item.scores[name] for name in found.measures.all}
            for item in found.results
        ]
    )
    text = page(found, rows)
    count = len(found.study.contrasts)
    assert f"0 of {count} verdicts differ between seeds" in text
    assert "Asked for were 5 trainings; 3 are missing." in text
    five = pd.concat([rows.assign(extractor=number) for number in range(1, 5)])
    assert "Asked for" not in page(found, five)
    assert text.count("0.0% |") == 4 * len(found.study.variants)
    for contrast, answer in zip(found.study.contrasts, found.answers, strict=True):
        verdict = answer.main.verdict
        assert f"| {contrast.treatment} against {contrast.reference} | {verdict} | {verdict} |" in text
    clear = next(item for item in found.answers if item.main.verdict in ("better", "worse")).main.contrast
    # By the second training of the extractors both sides of one contrast change places.
    swap = {clear.treatment: clear.reference, clear.reference: clear.treatment}
    changed = page(found, rows.assign(variant=rows["variant"].replace(swap)))
    assert f"0 of {count} verdicts" not in changed
    assert f"| {clear.treatment} against {clear.reference} | worse | better |" in changed
