"""An archive of thousands of made-up runs, and what the commands need over it: `python -m bench.many_runs`."""

from __future__ import annotations

import argparse
import contextlib
import copy
import dataclasses
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from ablations.training.instruction_set import default_environment

# Before anything imports torch: the kernels are chosen when its libraries load. Child processes inherit it.
os.environ |= default_environment()

import numpy as np

from ablations.catalog.metric_facts import SHARES
from ablations.catalog.metrics import facts, primary, second
from ablations.config import Contrast, Run, Study, Variant, sha256_of
from ablations.config.overrides import plain
from ablations.execution.options import Options
from ablations.execution.plan import make_plan
from ablations.store import Archive, Result, run_folder
from ablations.store.result import Evaluation

SEEDS = 500
"""Of each variant."""
STEPS, EVALUATIONS = 20, 1
NAME = "many"
BASE = Variant(name="v000", batch_size=16, steps=STEPS, training_images=1_000).override(
    {"generator.hidden": 8, "discriminator.hidden": 8}
)
KEPT_IMAGES = 2
LINKS = 50_000
"""To one file: a disk has a limit of its own."""
OPTIONS = Options(device="cpu", workers=1, width=10)
LATER = 10
"""Runs that the mirror gets when it has all others."""
WHOLE = 10_000
"""Up to so many runs each has files of its own."""


def study_of(runs: int) -> Study:
    """Variants of `SEEDS` seeds that differ in G's learning rate; all are held against the first."""
    count = max(2, round(runs / min(SEEDS, runs // 2)))
    rates = {f"v{number:03d}": 1e-4 * (1 + number / 7) for number in range(1, count)}
    others = [BASE.override({"generator_optimizer.learning_rate": rate}, name=name) for name, rate in rates.items()]
    contrasts = [
        Contrast(axis="rate", question=f"{item.name} instead of v000", treatment=item.name, reference="v000")
        for item in others
    ]
    return Study(
        name=NAME,
        title="Many",
        description="Made-up runs.",
        variants=(BASE, *others),
        contrasts=tuple(contrasts),
        seeds=runs // count,
        evaluations=EVALUATIONS,
        dataset="digits",
    )


def fill(folder: Path, runs: int) -> Study:
    """Write the archive: one run of the study is trained and scored, the others are that one with other scores.

    Beyond `WHOLE` runs the others share the first one's curves and weights by links: a disk may not have room for
    so many files, and no listing, plan or comparison reads them. Nothing is flushed: it is scratch.
    """
    study, archive = study_of(runs), Archive.open(folder)
    plan = make_plan(study, OPTIONS, archive)
    archive.write_study(plan.recorded, plan.members, scorer=plan.scorer)
    first = plan.jobs[0]
    first.run(lambda event: None, lambda: None)
    template = archive.folder(first.runs[0].key)
    result = archive.get(template.name)
    with mock.patch.object(os, "fsync", return_value=None):
        for number, run in enumerate(run for job in plan.jobs for run in job.runs):
            if archive.folder(run.key).is_dir():
                continue
            if runs <= WHOLE or number % LINKS == 0:
                archive.put(made_up(result, run))
                template = archive.folder(run.key)
            else:
                linked(template, made_up(result, run), archive.folder(run.key))
    return study


def made_up(template: Result, run: Run) -> Result:
    """The template's result with scores, curves and weights of its own, as small as a run can be."""
    rng = np.random.default_rng([run.seed, int(run.key[:8], 16)])
    shift = float(rng.normal(0, 5))
    return dataclasses.replace(
        template,
        run=run,
        curves={name: rng.gamma(4, 0.2, values.shape).astype(np.float32) for name, values in template.curves.items()},
        evaluations=tuple(_moved(item, shift) for item in template.evaluations),
        samples={step: images[:KEPT_IMAGES] for step, images in template.samples.items()},
        weights={"generator.hidden.0.weight": rng.normal(size=4).astype(np.float32)},
        snapshots={},
    )


def linked(template: Path, result: Result, folder: Path) -> None:
    """A run's folder with its own `run.json` and scores, and links to the files of arrays of another."""
    tree = run_folder.read_head(template)
    head = {**tree, "key": result.key, "run": plain(result.run)}
    scores = {str(item.step): dict(item.metrics) for item in result.evaluations}
    of_discriminator = {name for item in tree["evaluations"] for name in item["metrics"]}
    kept = {step: {k: v for k, v in found.items() if k not in of_discriminator} for step, found in scores.items()}
    folder.mkdir()
    for path in template.glob("*.safetensors"):
        os.link(path, folder / path.name)
    (folder / run_folder.HEAD).write_text(json.dumps({**head, "sha256": sha256_of(head)}, indent=1))
    run_folder.add_scores(folder, result.scorer, kept, result.noise_floor)


def _moved(item: Evaluation, shift: float) -> Evaluation:
    """Readable images of all classes, with the scores a little apart."""
    score, other = primary(item.metrics), second(item.metrics)
    moved = {name: abs(item.metrics[name] + shift) for name in (score, other) if name}
    even = {name: 0.1 for name in item.metrics if facts(name).group == SHARES}
    classes = {name: 10.0 for name in item.metrics if facts(name).name == "mode_count"}
    return dataclasses.replace(item, metrics={**item.metrics, **moved, **even, **classes, "readable": 1.0})


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one command, in a process of its own."""

    wall_seconds: float
    cpu_seconds: float
    """Of the process and what it waited for."""
    peak_bytes: int


_COMMAND = """
from bench.memory import peak_of_this_process
from ablations.cli import main
try:
    main(prog_name="ablations")
finally:
    open("peak.txt", "w").write(str(peak_of_this_process()))
"""


def measure(arguments: Sequence[str], cwd: Path) -> Cost:
    """Run `ablations` with arguments. Raises `RuntimeError`, with what it printed, where it fails."""
    command = [sys.executable, "-c", _COMMAND, *arguments]
    settings = {**os.environ, "ABLATIONS_MIRROR": "none", "PYTHONPATH": str(Path(__file__).parents[1])}
    started = time.perf_counter()
    with (cwd / "printed.txt").open("wb") as printed:
        process = subprocess.Popen(command, cwd=cwd, env=settings, stdout=printed, stderr=printed)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {(cwd / 'printed.txt').read_text()[-2_000:]}")
    peak = int(float((cwd / "peak.txt").read_text()))
    return Cost(wall_seconds=wall, cpu_seconds=usage.ru_utime + usage.ru_stime, peak_bytes=peak)


REPORTED = 10_000
"""A report over more runs is not measured: its remedy is a study of its own for each question."""


def commands(runs: int) -> dict[str, list[str]]:
    """What is measured, by what it is called; all in the folder of the archive."""
    store, study = ["--store", "store"], f"{NAME}.json"
    plan = ["run", study, "--data", "digits", "--device", "cpu", "--width", "10", "--dry-run", *store]
    found = {
        "list, the first time": ["list", "--stored", *store],
        "list": ["list", "--stored", *store],
        "list of one study, each run": ["list", NAME, "--stored", "--json", *store],
        "plan, the first time": plan,
        "plan": plan,
        # By a number that D has of any run: of the few runs that are drawn from, all of a variant may have collapsed.
        "compare two variants": ["compare", f"{NAME}/v001", f"{NAME}/v000", "--metric", "d_accuracy", *store],
    }
    if runs <= REPORTED:
        found["report"] = ["report", NAME, *store, "--out", "report"]
    return found


def written(folder: Path, runs: int) -> None:
    """Fill `folder`/store, and beside it the study as a file, where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{NAME}.json"
    if not file.exists():
        file.write_text(json.dumps(fill(folder / "store", runs).as_dict()))


def measure_all(folder: Path, runs: int) -> dict[str, Cost]:
    """Of the commands over an archive that `written` has filled."""
    (folder / "store" / "work" / "heads.sqlite").unlink(missing_ok=True)
    return {name: measure(arguments, folder) for name, arguments in commands(runs).items()}


def measure_mirror(folder: Path) -> dict[str, Cost]:
    """Of MLflow's page in a local store: made from nothing of the archive in `folder`/store, then brought up to date
    with nothing new, with runs of one variant, and with as many of a variant each.
    """
    archive = Archive.open(folder / "store")
    of_variants: dict[str, list[str]] = {}
    for member in archive.members(NAME):
        of_variants.setdefault(member.variant, []).append(member.key)
    others = list(of_variants.values())[1:]
    count = min(LATER, len(others[0]) - 1)
    one, each = others[0][:count], [keys[-1] for keys in others][:count]
    place = ["mirror", "--store", "store", "--to", "mirror"]
    shutil.rmtree(folder / "mirror", ignore_errors=True)
    with _held_back(archive, each):
        with _held_back(archive, one):
            found = {"mirror from nothing": measure(place, folder), "mirror, nothing new": measure(place, folder)}
        found[f"mirror, {len(one)} new runs of one variant"] = measure(place, folder)
    found[f"mirror, {len(each)} new runs of a variant each"] = measure(place, folder)
    return found


@contextlib.contextmanager
def _held_back(archive: Archive, keys: Sequence[str]) -> Iterator[None]:
    """The runs' folders stand beside those of the archive, until the end."""
    aside = archive.root / "held"
    aside.mkdir(exist_ok=True)
    for key in keys:
        archive.folder(key).rename(aside / key)
    try:
        yield
    finally:
        for key in keys:
            (aside / key).rename(archive.folder(key))


def measure_search(trials: int, repeats: int = 1) -> tuple[float, int]:
    """Seconds of CPU time in which a search that knows so many trials asks for another, and the bytes of what it knows,
    which each job of a search with a pruner takes along.
    """
    from ablations.catalog import BASELINE
    from ablations.catalog.spaces import make_space
    from ablations.search.sampling import propose
    from ablations.search.settings import Settings

    settings = Settings(name=NAME, space=make_space(BASELINE), trials=trials, seeds=1, parallel=2, dataset="digits")
    drawn = propose(dataclasses.replace(settings, sampler="random"), {}, 1)
    rng, known = np.random.default_rng(0), {}
    for number in range(trials):
        trial = copy.deepcopy(drawn)
        trial.number, trial.values, trial.state = number, [float(rng.gamma(20, 1))], type(trial.state).COMPLETE
        trial.datetime_complete = trial.datetime_start
        known[number] = trial
    started = time.process_time()
    for number in range(trials, trials + repeats):
        propose(settings, known, number)
    return (time.process_time() - started) / repeats, len(pickle.dumps(known))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="of the archive, which is kept and taken again")
    parser.add_argument("--mirror", action="store_true", help="measure the mirror alone, which takes some 0.2 s a run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.folder or Path(scratch)).absolute()
        written(folder, options.runs)
        costs = measure_mirror(folder) if options.mirror else measure_all(folder, options.runs)
    for name, cost in costs.items():
        print(
            f"{name:36} {cost.cpu_seconds:7.2f} s of CPU time, {cost.wall_seconds:7.2f} s, "
            f"{cost.peak_bytes / 2**20:6.0f} MiB"
        )
    if options.mirror:
        return
    seconds, size = measure_search(options.runs)
    print(f"a search that knows {options.runs:,} trials: {seconds:.2f} s of CPU time a trial, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
