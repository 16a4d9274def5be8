"""Whether a study will train, record and score what the tests of its claims measure."""

from __future__ import annotations

from ablations.catalog.metrics import METRICS, find
from ablations.catalog.quantities import CURVES
from ablations.config.claim import D_LOSS, SCORE, WORST_LABEL_ACCURACY, Curve, Measure, Value
from ablations.config.errors import ConfigError, unknown
from ablations.config.parts import METRIC_PARTS
from ablations.config.study import Study, evaluation_steps


def check_answerable(study: Study) -> None:
    """Raise `ConfigError` for the first test that no run of the study could answer, with what is wrong with it."""
    for number, claim in enumerate(study.claims):
        for index, test in enumerate(claim.tests):
            where = f"claims[{number}].tests[{index}] ({claim.name}: {test.says})"
            for key, side in (("measure", test.measure), ("against", test.against)):
                if isinstance(side, Value | Curve):
                    _check(f"{where}: {key}", side, study)


def _check(where: str, side: Measure, study: Study) -> None:
    if isinstance(side, Curve):
        if side.curve not in (*CURVES, D_LOSS):
            raise unknown(f"curve in {where}:", side.curve, (*CURVES, D_LOSS))
        return
    if side.metric not in (SCORE, WORST_LABEL_ACCURACY) and find(side.metric) is None:
        raise unknown(f"metric in {where}:", side.metric, (SCORE, WORST_LABEL_ACCURACY, *METRICS, *METRIC_PARTS))
    steps = evaluation_steps(study.variant(side.of).steps, study.evaluations, study.scored_steps)
    if side.step is not None and side.step not in steps:
        scored = ", ".join(f"{step:,}" for step in steps)
        add = f"add it to the study's scored_steps, as scored_steps = [{side.step}]"
        way_out = add if side.step <= steps[-1] else "give the variant more steps"
        raise ConfigError(f"{where}.step: {side.of} is not scored at step {side.step:,} but at {scored}; {way_out}")
