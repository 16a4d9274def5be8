"""The published axes judged again, and what they would cost: the last sections of the page of proof. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reports.analysis.comparison import Comparison
from reports.analysis.cost import expected
from reports.analysis.decision_rules import Rules
from reports.analysis.looks import Plan
from reports.analysis.published_axes import Replay, Stored, moments_of
from reports.analysis.statistics_page import Row, table

SHOWN_NOT = "no difference shown"
PLANS: Mapping[str, Plan] = {
    "20 seeds of all": Plan(looks=(20,), reference_factor=1),
    "20 seeds, 114 of the reference": Plan(looks=(20,)),
    "until decided, at most 20": Plan.up_to(20, reference_factor=1),
    "until decided, at most 20, more of the reference": Plan.up_to(20),
    "until decided, at most 40": Plan.up_to(40, reference_factor=1),
    "until decided, at most 40, more of the reference": Plan.up_to(40),
}
DRAWS = 500
COST = f"""
## 5. The expected cost

Of studies with the means and standard deviations of the published axes, normal and independent, {DRAWS} a row: runs of
all 33 variants, the reference's among them, and how many of the 32 contrasts are decided.

"""


def axes(stored: Stored, again: Replay) -> str:
    """Section 4: the verdicts as published, with the same seeds now, and until decided."""
    rows = axis_rows(stored, again)
    changed = [row for row in rows if row["published"] != row["at once"]]
    said = "; ".join(f"{row['treatment']} ({row['published']}, now {row['at once']})" for row in changed) or "none"
    lost = sorted({*again.decided_at_once} - {*again.kept})
    shown = [row for row in rows if {row["published"], row["at once"], row["until decided"]} != {SHOWN_NOT}]
    looks = ", ".join(map(str, again.progress.plan.looks))
    share = f"{100 * again.runs / again.runs_at_once:.0f}%"
    saved = float(np.median([item.pairing_saved for item in again.at_once]))
    kept = f"{len(again.kept)} of {len(again.decided_at_once)}"
    return (
        "\n## 4. The published axes\n\n"
        "Verdicts as published (20 seeds, paired t tests, Holm for difference and for equivalence), now with the\n"
        f"same seeds, and until decided with looks at the stored runs. Changed by the first step:\n{said}.\n\n"
        f"Pairing saved {100 * saved:.0f}% of the seeds (the median over the contrasts).\n\n"
        f"Until decided (looks at {looks} seeds) takes {again.runs} runs in place of {again.runs_at_once}, {share},\n"
        f"and gives the same verdict for {kept} contrasts that are decided with all seeds at once.\n"
        f"Not decided: {', '.join(lost) or 'none'}.\n\n"
        + table([*rows[0]], [[str(value) for value in row.values()] for row in shown])
        + f"\nThe other {len(rows) - len(shown)} contrasts: {SHOWN_NOT}, three times.\n"
    )


def axis_rows(stored: Stored, again: Replay) -> list[Row]:
    """One a contrast."""
    triples = zip(stored.verdicts, again.at_once, again.progress.paths, strict=True)
    return [_axis_row(published, now, path.comparisons[-1]) for published, now, path in triples]


def cost(stored: Stored) -> str:
    """Section 5."""
    means, deviations = moments_of(stored)
    lines = [[name, *_cost(means, deviations, plan)] for name, plan in PLANS.items()]
    return COST + table(["plan", "runs", "of the reference", "decided"], lines)


def _cost(means: Sequence[float], deviations: Sequence[float], plan: Plan) -> list[str]:
    found = expected(means, deviations, plan, Rules(), np.random.default_rng(15), DRAWS)
    return [f"{found.runs:.0f}", f"{found.reference_seeds:.0f}", f"{found.decided:.1f}"]


def _axis_row(published: str, now: Comparison, last: Comparison) -> Row:
    return {
        "treatment": now.contrast.treatment,
        "published": published,
        "at once": now.verdict,
        "effect": f"{now.effect:.2f}",
        "interval": f"{now.interval.low:.2f} to {now.interval.high:.2f}",
        "detectable": f"{now.detectable:.2f}",
        "until decided": last.verdict,
        "seeds": last.treatment_scores,
    }
