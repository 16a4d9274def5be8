"""The parent runs: a variant's mean curves and summary over seeds, so that MLflow's table compares variants at once."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.config import Variant, sha256_of
from ablations.store.mirror import rows
from ablations.store.mirror.mlflow_runs import Runs
from ablations.store.outcomes import FINISHED, outcome
from ablations.store.result import Result
from ablations.store.stored_study import Member

if TYPE_CHECKING:
    from mlflow.entities import Run

PARENT = "mlflow.parentRunId"
SHOWN = "shown"
"""Tag of a parent, which is written when its children and its summary are: a digest of what they were written from."""

Place = tuple[str, str]
"""A variant's name and its digest."""


@dataclass(frozen=True, kw_only=True)
class Parents:
    """The parents of one experiment as a pass finds them."""

    found: Mapping[Place, Sequence[Run]]
    outdated: Collection[str]
    """Names of the variants whose children or summary may be others than the archive's: a pass looks at no others."""
    wanted: Mapping[Member, str]
    """The runs that the archive has of these, each with its fingerprint."""
    digests: Mapping[Place, str]
    """What `SHOWN` is to say of each variant of the study."""

    @property
    def summarized(self) -> Iterator[str]:
        """Names of the scores that the other variants' summaries have."""
        for place in self.digests:
            for run in () if place[0] in self.outdated else self.found[place]:
                yield from (key.removesuffix(rows.MEAN) for key in run.data.metrics if key.endswith(rows.MEAN))


class Variants:
    """The parent runs of one store. A parent belongs to a variant's digest: another number of steps, another parent."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: dict[tuple[str, str, str], str] = {}

    def begin(self, experiment: str, variants: Sequence[Variant], contents: Mapping[Member, str]) -> Parents:
        """Make the parents that are missing, and find out which variants are outdated.

        From now on these are, whatever becomes of the writer, until `summarize` is done with them.
        """
        found, start = _by_variant(self._runs.search([experiment], kind="variant")), time.time()
        for index, variant in enumerate(variants):
            place = (variant.name, variant.digest)
            if place not in found:
                # MLflow's table shows the latest first: so it has the study's order.
                found[place] = [self._create(experiment, variant, start - 0.01 * index)]
            self._known[(experiment, *place)] = found[place][-1].info.run_id
        listed: dict[str, list[list[str]]] = {variant.name: [] for variant in variants}
        for member, content in contents.items():
            listed[member.variant].append([member.key, content])
        digests = {(item.name, item.digest): sha256_of(sorted(listed[item.name])) for item in variants}
        outdated = {
            place[0]
            for place, runs in found.items()
            if place not in digests or [run.data.tags.get(SHOWN) for run in runs] != [digests[place]]
        }
        for place, runs in found.items():
            for run in runs if place[0] in outdated else ():
                if run.data.tags.get(SHOWN):
                    self._runs.log(run.info.run_id, tags={SHOWN: ""})
        wanted = {member: content for member, content in contents.items() if member.variant in outdated}
        return Parents(found=found, outdated=outdated, wanted=wanted, digests=digests)

    def parent(self, experiment: str, variant: Variant) -> str:
        """The run id of the variant's parent, once `begin` has seen to it."""
        return self._known[(experiment, variant.name, variant.digest)]

    def children(self, experiment: str, names: Iterable[str]) -> list[Run]:
        """The runs of single seeds of these variants."""
        return [run for name in sorted(names) for run in self._runs.search([experiment], kind="seed", variant=name)]

    def summarize(
        self,
        experiment: str,
        results: Mapping[Variant, Sequence[Result]],
        children: Iterable[Run],
        parents: Parents,
    ) -> None:
        """Bring the parent of each outdated variant up to date with its results, and every child to its parent; those
        of variants that the study no longer has go.

        MLflow's metrics can be added to but not changed: a parent whose results have changed is replaced by a new one.
        """
        groups, filled = _by_variant(children), set()
        for variant, group in results.items():
            if group:
                place = (variant.name, variant.digest)
                filled.add(place)
                self._summarize(experiment, variant, group, parents.found[place], groups.get(place, []))
                self._runs.log(self.parent(experiment, variant), tags={SHOWN: parents.digests[place]})
        for place, runs in parents.found.items():
            for run in runs if place[0] in parents.outdated and place not in filled else ():
                if place not in parents.digests:
                    self._runs.delete(run)
                    continue
                if run.info.status == "RUNNING":
                    self._runs.end(run.info.run_id, "FINISHED")
                self._runs.log(run.info.run_id, tags={SHOWN: parents.digests[place]})

    def _summarize(
        self,
        experiment: str,
        variant: Variant,
        results: Sequence[Result],
        found: Sequence[Run],
        children: Sequence[Run],
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
