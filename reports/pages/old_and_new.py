"""The page on what became of a study's verdicts when the score that carries them changed. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ablations.catalog.metrics import READER, named
from reports import words
from reports.analysis.comparison import Comparison
from reports.analysis.findings import Findings
from reports.analysis.old_and_new import Both, both, deviations, mean_ratio, old_scores
from reports.pages.rendering import markdown_table


def page(found: Findings) -> str:
    """Markdown.

    Raises:
        StoreError: the study has not both scores.
    """
    old = named(READER.whole, found.measures.all)
    return "\n".join([*_head(found, old or ""), *_verdicts(both(found)), *_deviations(found, old or "")]) + "\n"


def _head(found: Findings, old: str) -> Iterator[str]:
    yield f"# The verdicts of `{found.study.name}` by the old score and by the new\n"
    yield (
        f"Until the score was told apart, `{old}` carried the verdicts: class shares and images in one, by the "
        f"reader's features alone. Now `{found.metric}` carries them: class shares evened out, and the label-free "
        "features must agree. Here are both, of the same runs, by the same statistics: same contrasts, same "
        "correction, same noise floor. Lower is better. "
        f"Command: `ablations report {found.study.name} --old-and-new FILE`.\n"
    )


def _verdicts(items: Sequence[Both]) -> Iterator[str]:
    differ = sum(not item.same for item in items)
    yield f"**{differ} of {len(items)} verdicts differ.**\n"
    rows = [
        (
            words.question(item.old),
            item.old.verdict,
            _effect(item.old),
            item.new.main.verdict,
            _effect(item.new.main),
            "; ".join(item.reasons()) or "the same",
        )
        for item in items
    ]
    header = ("question", "old verdict", "old difference", "new verdict", "new difference", "what makes the difference")
    yield from markdown_table(header, rows)


def _deviations(found: Findings, old: str) -> Iterator[str]:
    yield "## From seed to seed\n"
    yield "The standard deviation over the training seeds, of runs with a usable score.\n"
    items = deviations(old_scores(found), found.scores)
    rows = [
        (
            item.variant,
            str(item.seeds),
            words.number(item.old),
            words.number(item.new),
            words.number(item.new / item.old),
        )
        for item in items
    ]
    yield from markdown_table(("variant", "seeds", f"`{old}`", f"`{found.metric}`", "ratio"), rows)
    if math.isfinite(mean := mean_ratio(items)):
        yield f"The geometric mean of the ratios is {words.number(mean)}.\n"


def _effect(item: Comparison) -> str:
    return f"{words.signed(item.effect)} {words.bounds(item.interval)}" if math.isfinite(item.effect) else words.DASH
