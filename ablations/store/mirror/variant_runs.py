"""The parent runs: a variant's mean curves and summary over seeds, so that MLflow's table compares variants at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ablations.config import Variant
from ablations.store.mirror import rows
from ablations.store.mirror.mlflow_runs import Runs
from ablations.store.outcomes import FINISHED, outcome
from ablations.store.result import Result

if TYPE_CHECKING:
    from mlflow.entities import Run

PARENT = "mlflow.parentRunId"


class Variants:
    """The parent runs of one store. A parent belongs to a variant's digest: another number of steps, another parent."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: dict[tuple[str, str, str], str] = {}

    def parent(self, experiment: str, variant: Variant, *, start: float | None = None) -> str:
        """The run id of the variant's parent, made where there is none yet."""
        place = (experiment, variant.name, variant.digest)
        if place not in self._known:
            found = self._find(experiment, variant)
            self._known[place] = (found[-1] if found else self._create(experiment, variant, start)).info.run_id
        return self._known[place]

    def summarize(self, experiment: str, results: Mapping[Variant, Sequence[Result]]) -> None:
        """Bring each variant's parent up to date with its results, and every child to its parent.

        MLflow's metrics can be added to but not changed: a parent whose results have changed is replaced by a new one.
        """
        parents = _by_variant(self._runs.search([experiment], kind="variant"))
        children = _by_variant(self._runs.search([experiment], kind="seed"))
        for variant, group in results.items():
            if not group:
                self.close(experiment)
                continue
            place = (variant.name, variant.digest)
            self._summarize(experiment, variant, group, parents.get(place, []), children.get(place, []))

    def _summarize(
        self, experiment: str, variant: Variant, results: Sequence[Result], found: list[Run], children: list[Run]
    ) -> None:
        digest = rows.summary_digest(results)
        current = [run for run in found if run.data.tags.get("summary") == digest]
        blank = [run for run in found if not run.data.metrics and "summary" not in run.data.tags]
        if current:
            keep = current[0]
        else:
            start = found[-1].info.start_time / 1000 if found else None
            keep = blank[0] if blank else self._create(experiment, variant, start)
            # The parameters again: a writer may have been killed between making the run and filling it.
            params, points = rows.variant_params(variant), rows.summary_points(results)
            self._runs.log(keep.info.run_id, params=params, points=points)
            shown = next((result for result in results if outcome(result).status == FINISHED), results[0])
            self._runs.log_samples(keep.info.run_id, shown.samples)
            self._runs.log(keep.info.run_id, tags={**_counts(results), "summary": digest})
        keep_id = keep.info.run_id
        for child in children:
            if child.data.tags.get(PARENT) != keep_id:
                self._runs.log(child.info.run_id, tags={PARENT: keep_id})
        for run in found:
            if run.info.run_id != keep_id:
                self._runs.delete(run)
        if keep.info.status != "FINISHED":
            self._runs.end(keep_id, "FINISHED")
        self._known[(experiment, variant.name, variant.digest)] = keep_id

    def close(self, experiment: str) -> None:
        """End the parents that a killed writer left running and that `summarize` had no results for."""
        for run in self._runs.search([experiment], kind="variant"):
            if run.info.status == "RUNNING":
                self._runs.end(run.info.run_id, "FINISHED")

    def _find(self, experiment: str, variant: Variant) -> list[Run]:
        return self._runs.search([experiment], kind="variant", variant=variant.name, variant_digest=variant.digest)

    def _create(self, experiment: str, variant: Variant, start: float | None) -> Run:
        tags = {"kind": "variant", "variant": variant.name, "variant_digest": variant.digest}
        tags |= rows.unit_tags()
        run = self._runs.create(experiment, variant.name, tags, start=start)
        self._runs.log(run.info.run_id, params=rows.variant_params(variant))
        return run


def _by_variant(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.data.tags["variant"], run.data.tags["variant_digest"]), []).append(run)
    return groups


def _counts(results: Sequence[Result]) -> Mapping[str, str]:
    """In words, for the table: a mean over seeds says nothing of those that have none."""
    statuses = [outcome(result).status for result in results]
    words = [f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)]
    return {"status": ", ".join(words)}
