"""The library's face: what `ablations` hands out where it is imported and not called from a shell."""

from __future__ import annotations

import contextlib
import dataclasses
import html
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablations.config import Study
from ablations.config.errors import DataError, unknown

if TYPE_CHECKING:
    import pandas as pd

    from ablations.execution.options import Options
    from ablations.store.result import Result
    from ablations.training.stored_module import Discriminator, Generator

STORE = "results/store"


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of a study. In a notebook it shows its report."""

    study: Study
    """As it was run."""
    runs: pd.DataFrame
    """One row a run: `study`, `variant`, `seed`, `status` (finished, collapsed, diverged, failed, ...), `score` (NaN
    where there is none), `last_step` of `steps`, `train_seconds`, `evaluation_seconds`, `reason`, `key`,
    `weights_sha256`, and a column for every other metric of the last evaluation."""
    contrasts: pd.DataFrame
    """One row a contrast: `axis`, `question`, `treatment`, `reference`, `verdict`, `effect` with its interval `low` to
    `high`, and the other numbers of the report."""
    claims: pd.DataFrame
    """One row a test of a claim of the study: `claim`, `answer`, `test`, `speaks`, `measured`, `held_against`, ..."""
    report: Path
    """The page."""
    failures: tuple[tuple[str, str], ...]
    """Label and reason of each run that did not finish now."""

    def _repr_html_(self) -> str:
        page = html.escape(self.report.read_text(encoding="utf-8"), quote=True)
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 50em; border: 0"></iframe>'


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredRun:
    """A run as it was stored, with its networks in eval mode."""

    result: Result
    generator: Generator
    """An `nn.Module` from latents (n, size), and classes (n,), to images (n, channels, height, width) in [0, 1]."""
    discriminator: Discriminator
    """An `nn.Module` from such images, and classes, to the probability (n,) that each is real."""


def run(
    study: Study | str | Path,
    *,
    parts: str | Path | Sequence[str | Path] = (),
    store: str | Path = STORE,
    out: Path | str | None = None,
    mirror: str = "none",
    progress: bool = True,
    data: str | None = None,
    **options: Any,
) -> Outcome:
    """Train what the store lacks of a study, as `ablations run` does, and read what came of it.

    `study` is a `Study`, a name of the catalog or a study file; `parts` are files of parts of one's own, or
    "package:NAME"; `data` is a dataset's name or a folder, by default the study's own. `options` are fields of
    `execution.options.Options`, such as `seeds`, `steps` or `workers`. The report goes to `out`, by default
    results/reports/STUDY.

    Raises:
        ConfigError: a study, a part or an option that fits nothing.
        DataError: the dataset cannot be had.
        StoreError: the store cannot be read or written.
    """
    _hold()
    from ablations.catalog.claims.answerable import check_answerable
    from ablations.commands.shared import build_report, mirrored
    from ablations.commands.study_files import find_study
    from ablations.execution.noise_checks import check_recipes
    from ablations.execution.plan import make_plan
    from ablations.execution.runner import execute
    from ablations.store import Archive
    from reports.analysis.findings import find
    from reports.pages.attachments import contrasts_frame
    from reports.pages.claim_rows import claims_frame

    _load_parts(parts)
    found = study if isinstance(study, Study) else find_study(str(study))
    found = found.with_operands(options.get("precision", "float32"))
    check_answerable(found)
    chosen = _options({"dataset": data, **options})
    archive = Archive.open(store)
    plan = make_plan(found, chosen, archive)
    with mirrored(archive, plan.study.name, mirror), _display(plan, progress) as show, _main_left_alone():
        summary = execute(plan, archive, show)
        check_recipes(plan, archive)
    page = build_report(archive, plan.study.name, None if out is None else Path(out))
    findings = find(archive.read(plan.study.name))
    return Outcome(
        study=plan.recorded,
        runs=findings.runs,
        contrasts=contrasts_frame(findings.answers, findings.courses),
        claims=claims_frame(findings.claims),
        report=page,
        failures=summary.failures,
    )


def load(
    key: str,
    *,
    parts: str | Path | Sequence[str | Path] = (),
    store: str | Path = STORE,
    data_folder: str | Path | None = None,
) -> StoredRun:
    """A stored run by its key, as the column `key` of `Outcome.runs` and the report have it; `parts` as for `run`.

    Raises:
        StoreError: there is no such run.
        ConfigError: it has parts of one's own, whose source was not named.
        DataError: its files, or the dataset that says the shape of its images, are not there.
    """
    _hold()
    from ablations.data.splits import load_split
    from ablations.store.reading import existing
    from ablations.store.records import NO_WEIGHTS
    from ablations.training.stored_module import stored_modules

    _load_parts(parts)
    result = existing(store).get(key)
    if not result.weights:
        raise DataError(f"the run {key} is {NO_WEIGHTS if result.is_done else f'{result.status} and has no weights'}")
    run = result.run
    dataset, _ = load_split(run.dataset, run.split, None if data_folder is None else Path(data_folder))
    generator, discriminator = stored_modules(run.variant, dataset.shape, result.weights)
    return StoredRun(result=result, generator=generator, discriminator=discriminator)


def _load_parts(parts: str | Path | Sequence[str | Path]) -> None:
    from ablations.config import own_parts

    own_parts.load(map(str, [parts] if isinstance(parts, str | Path) else parts))


def _options(tree: dict[str, Any]) -> Options:
    """Options by their names; raises `ConfigError` for one that does not exist."""
    from ablations.execution.options import Options

    names = [item.name for item in dataclasses.fields(Options)]
    for name in tree:
        if name not in names:
            raise unknown("option", name, names)
    return Options(**tree)


def _hold() -> None:
    """Hold this process to the usual instruction set, where no library has chosen another already."""
    from ablations.training.instruction_set import default_instruction_set, hold

    with contextlib.suppress(RuntimeError):
        hold(default_instruction_set())


@contextlib.contextmanager
def _display(plan: Any, shown: bool) -> Iterator[Any]:
    from ablations.commands.notebook_bar import NotebookBar, in_notebook
    from ablations.execution.progress import Display

    estimates = {job.name: job.estimate_seconds for job in plan.jobs}
    if not shown:
        yield lambda event: None
    elif in_notebook():
        bar = NotebookBar(estimates)
        yield bar
        bar.close()
    else:
        with Display(estimates, stream=sys.stderr) as display:
            yield display


@contextlib.contextmanager
def _main_left_alone() -> Iterator[None]:
    """Worker processes started in the block do not run the user's script again, as `multiprocessing` would have it."""
    main = sys.modules["__main__"]
    kept = {name: getattr(main, name) for name in ("__file__", "__spec__") if getattr(main, name, None) is not None}
    for name in kept:
        setattr(main, name, None) if name == "__spec__" else delattr(main, name)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(main, name, value)
