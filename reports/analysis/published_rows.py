"""The rows by which anybody can hold a training of their own against a published one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ablations.catalog.published_bits import PublishedRun, curve_digests, short
from ablations.store.result import Result


def published_rows(study: str, results: Iterable[Result], weights_sha256: Mapping[str, str]) -> list[PublishedRun]:
    """Of the runs that finished; `weights_sha256` has the digest of each run's weights, by key."""
    return [
        PublishedRun(
            study=study,
            variant=result.run.variant.name,
            seed=result.run.seed,
            width=result.run.width,
            slot=result.run.slot,
            dataset=result.run.dataset,
            numerics=result.run.numerics,
            device=result.run.engine.device,
            precision=result.run.engine.precision,
            matmul=result.run.engine.matmul,
            isa=result.run.engine.isa,
            last_step=result.last_step,
            variant_digest=short(result.run.variant.digest),
            data_digest=short(result.run.data_digest),
            weights=short(weights_sha256[result.key]),
            curves=curve_digests(result.curves, result.last_step),
        )
        for result in results
        if result.status == "finished"
    ]
