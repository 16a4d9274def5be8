"""Numbers and comparisons as a person reads them. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from ablations.catalog.metrics import facts
from reports.analysis.paired import Interval
from reports.analysis.statistics import Comparison, Rules, Verdict
from reports.analysis.variance import Components

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"

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


def number(value: float, digits: int = 3) -> str:
    """`digits` significant digits, at most so many decimals, thousands separated: 0.0123, 12.3, 1,230."""
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "\N{INFINITY}"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    rounded = round(value, decimals)
    text = f"{abs(rounded):,.{max(0, min(decimals, 6))}f}"
    return (MINUS if rounded < 0 else "") + text


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
    if seconds < 60:
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
    if not item.seeds:
        return f"{metric}: no pair of seeds has a score on both sides"
    if item.verdict in ("better", "worse") and item.interval.excludes(0.0):
        direction = "lower" if item.mean < 0 else "higher"
        low, high = sorted((abs(item.interval.low), abs(item.interval.high)))
        size = Interval(low, high, item.interval.method)
        return f"{metric} {direction} by {number(abs(item.mean))} {bounds(size, sign=False)} ({percent(item.percent)})"
    interval = "" if math.isnan(item.interval.low) else f" {bounds(item.interval)}"
    return f"{metric} differs by {signed(item.mean)}{interval} ({percent(item.percent)})"


def caveat(item: Comparison, rules: Rules) -> str:
    """What a reader must know before acting on the verdict; empty if nothing."""
    notes = []
    if item.unscored_treatment or item.unscored_reference:
        lost, kept = item.unscored_treatment, item.unscored_reference
        notes.append(f"{lost} of {item.pairs} runs ended without a score (reference: {kept})")
    if item.verdict == "too few seeds":
        notes.append(f"{count(len(item.seeds), 'scored pair')}, at least {rules.minimum_pairs} are needed")
    elif item.verdict == "equivalent":
        notes.append(f"the whole difference lies within {difference(rules)}")
    elif item.verdict == "no difference shown":
        if item.p_holm < rules.alpha and abs(item.mean) <= rules.noise_floor:
            notes.append("steady, but no larger than the noise floor")
        elif item.interval.excludes(0.0):
            notes.append("the interval leaves out 0, but so many questions bring that about by chance (Holm)")
    return "; ".join(notes)


def difference(rules: Rules) -> str:
    """The least difference that matters, such as "10% of the reference"."""
    return f"{100 * rules.margin:.3g}% of the reference" if rules.difference is None else number(rules.difference)


def needed(item: Comparison, rules: Rules) -> str:
    """How many seeds it takes to show the least difference that matters, and how many are missing; empty if unknown."""
    if len(item.seeds) < 2:
        return ""
    size, seeds = difference(rules), item.seeds_needed
    if seeds is None:
        return f"a difference of {size} takes more than 10,000 seeds"
    more = f" ({seeds - len(item.seeds):,} more)" if seeds > len(item.seeds) else ""
    return f"a difference of {size} takes {count(seeds, 'seed')}{more}"


def evidence(item: Comparison) -> str:
    """The numbers behind the verdict, in one line; the least possible Wilcoxon p where few pairs hold it up."""
    wins = f"{item.wins:g}" if item.wins % 1 else f"{int(item.wins)}"
    least = item.p_signed_rank_least
    limit = f" (least possible {p_value(least)})" if least >= 0.001 else ""
    return (
        f"better in {wins} of {count(item.pairs, 'paired seed')}; Holm p {p_value(item.p_holm)}; "
        f"Wilcoxon p {p_value(item.p_signed_rank)}{limit}"
    )


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


def tally(comparisons: Sequence[Comparison]) -> str:
    """How many verdicts of each kind, e.g. "3 better, 2 worse, 2 no difference shown"."""
    verdicts = [item.verdict for item in comparisons]
    seen: list[Verdict] = sorted(set(verdicts), key=lambda v: (-verdicts.count(v), v))
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in seen)


def scatter(found: Sequence[Components]) -> str:
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
    return f"In the median variant {share(middle)} of the variance from seed to seed comes from training: {verdict}."


def share(part: float) -> str:
    """A part of a whole in percent, with as many digits as tell it from nothing and from all."""
    if math.isnan(part):
        return DASH
    if 0 < part < 0.001 or 0.999 < part < 1:
        return "< 0.1%" if part < 0.5 else "> 99.9%"
    return f"{part:.1%}" if 0 < part < 0.1 or 0.9 < part < 1 else f"{part:.0%}"
