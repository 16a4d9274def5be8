"""Numbers and comparisons as a person reads them. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ablations.catalog.metrics import facts
from reports.analysis.agreement import Answer, Split
from reports.analysis.comparison import Comparison, Interval
from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import Verdict
from reports.analysis.groups import LEAST_GROUP
from reports.analysis.lengths import Course
from reports.analysis.sentences import power_in_words
from reports.analysis.sentences import statuses_in_words as statuses_in_words
from reports.numbers import DASH as DASH
from reports.numbers import MINUS as MINUS
from reports.numbers import number as number

if TYPE_CHECKING:
    from reports.analysis.variance import Components

MORE_CLASSES = 0.5
"""By how many classes drawn, in the mean, two sides must differ for a reader to be told."""
ARROWS = {"lower": " \N{DOWNWARDS ARROW}", "higher": " \N{UPWARDS ARROW}", "neither": ""}


def title(metric: str) -> str:
    """A metric as a heading; an arrow tells which way is better."""
    row = facts(metric)
    return row.label + ARROWS[row.better]


def about(metric: str) -> str:
    """What a metric is, in a sentence, and its unit."""
    row = facts(metric)
    return f"{row.about} In: {row.unit}." if row.about else ""


def value(metric: str, number_of_it: float) -> str:
    """A value of a metric, with as many digits as its facts say."""
    return number(number_of_it, facts(metric).digits)


def signed(value: float, digits: int = 3) -> str:
    return ("+" if value > 0 else "") + number(value, digits)


def percent(value: float) -> str:
    """Signed, without decimals from 10% on."""
    return DASH if math.isnan(value) else signed(value, 2 if abs(value) < 100 else 3) + "%"


def p_value(value: float) -> str:
    if math.isnan(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3g}" if value < 0.9995 else "1"


def bounds(interval: Interval, *, sign: bool = True) -> str:
    write = signed if sign else number
    return f"[{write(interval.low)}, {write(interval.high)}]"


def duration(seconds: float) -> str:
    if math.isnan(seconds):
        return DASH
    if seconds < 59.5:
        return f"{number(seconds, 2)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def ordinal(rank: int) -> str:
    suffix = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{suffix}"


def count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def question(item: Comparison) -> str:
    asked = item.contrast.question
    return asked[:1].upper() + asked[1:]


def effect(item: Comparison, metric: str) -> str:
    """The effect with its interval, such as "frechet_10k lower by 310 [280, 340] (-62%)"."""
    if math.isnan(item.effect):
        return f"{metric}: too few runs have a score on both sides"
    if item.interval.excludes(0.0):
        direction = "lower" if item.effect < 0 else "higher"
        low, high = sorted((abs(item.interval.low), abs(item.interval.high)))
        size = f"{number(abs(item.effect))} {bounds(Interval(low, high), sign=False)}"
        return f"{metric} {direction} by {size} ({percent(item.percent)})"
    return f"{metric} differs by {signed(item.effect)} {bounds(item.interval)} ({percent(item.percent)})"


def split(item: Split) -> str:
    """One difference by one kind of features: "whole -9.4 [-14, -4] = images -5.0 [-8, -2] + class shares -4.4 ..."."""
    known = {name: f"{name} {text}" for name, text in pieces(item).items() if text}
    if len(known) < len(PIECES):
        return ", ".join(known.values())
    whole, images, shares = known.values()
    return f"{whole} = {images} + {shares}"


PIECES = ("whole", "images", "class shares")


def pieces(item: Split) -> dict[str, str]:
    """What one difference is made of, by one kind of features: each with its interval, empty where there is none."""
    parts = zip(PIECES, (item.whole, item.images, item.shares), strict=True)
    return {name: "" if part is None else _part(part) for name, part in parts}


def _part(item: Comparison) -> str:
    return f"{signed(item.effect)} {bounds(item.interval)}" if math.isfinite(item.effect) else DASH


def caveat(
    answer: Answer, course: Course | None, rules: Rules, classes: tuple[float, float] = (math.nan, math.nan)
) -> str:
    """What a reader must know before acting on the verdict; empty if nothing.

    `classes`: the mean number of classes that the scored runs of either side draw.
    """
    item = answer.main
    ends = statuses_in_words(item).rstrip(".")
    notes = [answer.depends_on, ends[:1].lower() + ends[1:]]
    if abs(classes[0] - classes[1]) >= MORE_CLASSES and math.isfinite(item.effect):
        ours, theirs = (f"{mean:.1f}" for mean in classes)
        notes.append(f"the images of {ours} classes drawn against those of {theirs}: others are left out on both sides")
    if item.verdict == "too few scores":
        scored = min(item.treatment_scores, item.reference_scores)
        notes.append(f"{count(scored, 'scored seed')} on one side, at least {LEAST_GROUP} are needed")
    elif item.verdict == "equivalent":
        notes.append(f"the whole difference lies within {difference(rules)}")
    elif item.verdict == "no difference shown" and rules.noise_floor and abs(item.effect) <= rules.noise_floor:
        notes.append("no larger than the noise floor")
    if course is not None and course.said.flips_late:
        notes.append("flips within the last half of training")
    return "; ".join(note for note in notes if note)


def difference(rules: Rules) -> str:
    """The least difference that matters, such as "10% of the reference"."""
    return f"{100 * rules.margin:.3g}% of the reference" if rules.difference is None else number(rules.difference)


def seeds(item: Comparison) -> str:
    """How many scored seeds an answer rests on: "5 against 12 seeds, 5 in pairs"."""
    ours, theirs, pairs = item.treatment_scores, item.reference_scores, len(item.seeds)
    if ours == theirs == pairs:
        return count(pairs, "paired seed")
    return f"{ours} against {theirs} seeds, {pairs} in pairs"


def evidence(item: Comparison) -> str:
    """The numbers behind the verdict, in one line."""
    ours, theirs, pairs = item.treatment_scores, item.reference_scores, len(item.seeds)
    if not pairs:
        notes = [seeds(item)]
    elif pairs == ours == theirs:
        notes = [f"lower in {item.wins:g} of {count(pairs, 'seed')}"]
    else:
        notes = [f"lower in {item.wins:g} of {count(pairs, 'shared seed')} ({ours} and {theirs} scored)"]
    if not math.isnan(item.p_difference):
        notes.append(f"p {p_value(item.p_difference)}")
    return "; ".join(notes)


def power(item: Comparison, rules: Rules, minutes_a_seed: float | None = None) -> str:
    """What the study would have found, beside an answer that is none; `minutes_a_seed` is what one more seed costs."""
    return power_in_words(item, rules.power, minutes_a_seed)


def verdicts(comparisons: Sequence[Comparison], metric: str) -> dict[str, str]:
    """Variant to its verdicts in words, as the treatment first, then of the variants that are held against it."""
    found: dict[str, list[str]] = {}
    for item in comparisons:
        other = f"{item.verdict}, against {item.contrast.reference}: {effect(item, metric)}"
        found.setdefault(item.contrast.treatment, []).append(other)
    for item in comparisons:
        own = f"{item.contrast.treatment} is {item.verdict}"
        found.setdefault(item.contrast.reference, []).append(own)
    return {variant: "; ".join(texts) for variant, texts in found.items()}


_TALLIED: Sequence[Verdict] = (
    "better", "worse", "equivalent", "depends on the score", "no difference shown", "too few scores",
)  # fmt: skip


def tally(comparisons: Sequence[Comparison]) -> str:
    """How many verdicts of each kind, always in one order, e.g. "3 better, 2 worse, 2 no difference shown"."""
    verdicts = [item.verdict for item in comparisons]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in _TALLIED if verdict in verdicts)


def scatter(found: Sequence[Components], name: str = "", score: str = "") -> str:
    """What the variance over seeds is made of, and so what would make contrasts sharper; empty if unknown."""
    shares = [item.seed_share for item in found if math.isfinite(item.seed_share)]
    if not shares:
        return ""
    middle = statistics.median(shares)
    if middle >= 0.9:
        verdict = "scoring more samples would hardly help; only more seeds make a contrast sharper"
    elif middle >= 0.5:
        verdict = "more seeds make a contrast sharper, and scoring more samples a little"
    else:
        verdict = "the scoring blurs more than the training: score more samples before training more seeds"
    of = f" of `{name}`" if name else ""
    also = f" Of `{score}`, a part of it, that was not measured." if name != score else ""
    said = (
        f"In the median variant {share(middle)} of the variance{of} from seed to seed comes from training: {verdict}."
    )
    return said + also


def share(part: float) -> str:
    """A part of a whole in percent, with as many digits as tell it from nothing and from all."""
    if math.isnan(part):
        return DASH
    if 0 < part < 0.001 or 0.999 < part < 1:
        return "< 0.1%" if part < 0.5 else "> 99.9%"
    return f"{part:.1%}" if 0 < part < 0.1 or 0.9 < part < 1 else f"{part:.0%}"
