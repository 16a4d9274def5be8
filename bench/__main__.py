"""`python -m bench`: what pytest-benchmark cannot tell, since it is a comparison within one run."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from ablations.training.instruction_set import default_environment

# Before anything imports torch: they are read once, when its libraries load. Child processes inherit them.
os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "KINETO_LOG_LEVEL": "5"}
# As the command line holds its processes, whatever this machine's shell sets; the words are not parsed yet.
os.environ |= default_environment("bfloat16" if any("bfloat16" in word for word in sys.argv) else "float32")

import click

from ablations.commands.shared import print_table
from ablations.config.errors import UserError
from bench.checkout import checked_out
from bench.command_parts import choose, out_option, quick_option, save, tiny
from bench.gate import PAIRS, SECONDS, STEPS, THRESHOLD, compare
from bench.gate import row as gate_row

ROOT = Path(__file__).resolve().parents[1]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Compare speeds within one run: ratios with intervals, never stored times."""


@main.command()
@click.option("--only", multiple=True, metavar="LOOP", help="Race this loop only; may be repeated.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--pairs", type=click.IntRange(min=2), default=12, show_default=True, help="Pairs of blocks.")
@click.option("--seconds", type=float, default=0.6, show_default=True, help="Of each block.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True)
@quick_option
@out_option
def race(
    only: tuple[str, ...],
    device: str,
    pairs: int,
    seconds: float,
    precision: Literal["float32", "bfloat16"],
    quick: bool,
    out: Path,
) -> None:
    """Race each document's own loop against the harness, and both against the machine's limit."""
    import torch

    from bench.limit import measure_limits
    from bench.peers import PEERS
    from bench.race import HEADER, race, row
    from bench.small import training_data
    from bench.timing import stay_on_one_core

    names = choose(only, list(PEERS))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if device == "cpu":
        stay_on_one_core()  # with a GPU, autograd's thread has a core of its own, in every loop
    pairs, seconds = (2, 0.02) if quick else (pairs, seconds)
    limits = None if device == "cuda" or precision == "bfloat16" else measure_limits(**tiny(quick))
    size: dict[str, Any] = {"device": device, "pairs": pairs, "seconds": seconds, "precision": precision}
    with tempfile.TemporaryDirectory() as scratch:
        dataset, folder = training_data(quick, Path(scratch))
        outcomes = [race(name, dataset, folder, limits, **size) for name in names]
    print_table(HEADER, [row(outcome) for outcome in outcomes], right=frozenset(range(1, 8)))
    clock = "CPU" if device == "cpu" else "wall"
    click.echo(f"\nmilliseconds of {clock} time for one step of one seed; one thread; floor: see `limit`")
    for outcome in outcomes:
        if outcome.widths:
            tried = ", ".join(f"{width}: {ms:.3f}" for width, ms in outcome.widths.items())
            click.echo(f"{outcome.name}: milliseconds by width: {tried}")
        if outcome.busy > 1.1:
            click.echo(f"{outcome.name}: the machine was busy: wall time was {outcome.busy:.2f} times CPU time")
    tree = size | {"outcomes": [outcome.as_dict() for outcome in outcomes]}
    save(out, "race" if precision == "float32" else f"race-{precision}", tree, device)


@main.command()
@click.option("--width", type=click.IntRange(min=1), default=16, show_default=True)
@quick_option
@out_option
def limit(width: int, quick: bool, out: Path) -> None:
    """Measure the product rate and the memory bandwidth of one core, and print the floor of every recipe."""
    from ablations.catalog import BASELINE, RECIPES
    from bench.limit import FLOAT32_ERROR, floor_of, measure_limits
    from bench.timing import stay_on_one_core

    stay_on_one_core()
    limits = measure_limits(**tiny(quick))
    for name, rate in limits.products.items():
        kind = "float32" if limits.errors[name] <= FLOAT32_ERROR else "less than float32: not used"
        click.echo(f"products, {name:8} {rate / 1e9:7.1f} GFLOP/s, relative error {limits.errors[name]:.1e} ({kind})")
    for size, rate in limits.bandwidth.items():
        click.echo(f"memory, {size:3} MiB    {rate / 1e9:7.1f} GB/s")
    floors = {variant.name: floor_of(variant, width, limits) for variant in (BASELINE, *RECIPES.values())}
    rows = [
        (name, f"{f.arithmetic_seconds * 1e3:.3f}", f"{f.memory_seconds * 1e3:.3f}", f"{f.seconds * 1e3:.3f}", f.bound)
        for name, f in floors.items()
    ]
    click.echo(f"\nleast milliseconds of one step of one seed, {width} seeds in a stack")
    print_table(("recipe", "arithmetic", "memory", "floor", "bound by"), rows, right=frozenset({1, 2, 3}))
    tree = {"limits": vars(limits), "width": width, "floors": {name: vars(floor) for name, floor in floors.items()}}
    save(out, "limit", tree)


@main.command()
@click.option("--against", "revision", required=True, metavar="REV", help="The git revision to compare with.")
@click.option("--only", multiple=True, metavar="STEP", help="Compare this step only; may be repeated.")
@click.option("--pairs", type=click.IntRange(min=2), default=PAIRS, show_default=True, help="Pairs of blocks.")
@click.option("--seconds", type=float, default=SECONDS, show_default=True, help="Of each block.")
@click.option("--threshold", type=float, default=THRESHOLD, show_default=True, help="A smaller slowdown is no alarm.")
@click.option("--slowdown", type=float, default=0.0, help="Make the working tree slower by this share: try the gate.")
@out_option
def gate(revision: str, only: tuple[str, ...], slowdown: float, out: Path, **settings: Any) -> None:
    """Fail if the training step became slower than it is in REV: exit status 1.

    A step is slower if the interval of the ratio lies above 1 and its estimate above 1 + threshold.
    """
    names = choose(only, list(STEPS))
    with checked_out(ROOT, revision, "ablations") as old:
        steps = {name: STEPS[name] for name in names}
        decisions = compare(old, ROOT, steps, slowdown=slowdown, **settings)
    print_table(("step", f"time against {revision}", ""), [gate_row(*item) for item in decisions.items()])
    slower = [name for name, decision in decisions.items() if decision.slower]
    tree = {name: asdict(decision) for name, decision in decisions.items()}
    save(out, "gate", {"against": revision, "slowdown": slowdown, "steps": tree})
    if slower:
        click.echo(f"slower than {revision}: {', '.join(slower)}")
        raise click.exceptions.Exit(1)


@main.command()
@click.option("--tries", type=click.IntRange(min=1), default=20, show_default=True, help="Comparisons of each kind.")
@click.option("--slowdown", type=float, default=0.05, show_default=True)
@click.option("--only", multiple=True, metavar="STEP", default=("baseline", "s3", "s4"), show_default=True)
@out_option
def power(tries: int, slowdown: float, only: tuple[str, ...], out: Path) -> None:
    """Try the gate itself: the working tree against itself, and against itself made slower. Takes long."""
    steps = {name: STEPS[name] for name in choose(only, list(STEPS))}
    found: dict[str, list[dict[str, Any]]] = {"equal": [], "slower": []}
    for number in range(1, tries + 1):
        for kind, share in (("equal", 0.0), ("slower", slowdown)):
            decisions = compare(ROOT, ROOT, steps, slowdown=share)
            ratios = ", ".join(f"{name} {decision.ratio}" for name, decision in decisions.items())
            alarm = any(decision.slower for decision in decisions.values())
            click.echo(f"try {number}, {kind:6} {'ALARM' if alarm else 'ok   '} {ratios}")
            found[kind].append({"alarm": alarm} | {name: asdict(item) for name, item in decisions.items()})
    alarms = {kind: sum(item["alarm"] for item in items) for kind, items in found.items()}
    click.echo(f"alarms: {alarms['equal']} of {tries} without a difference, {alarms['slower']} of {tries} with one")
    save(out, "power", {"tries": tries, "slowdown": slowdown, "alarms": alarms, "comparisons": found})


@main.command()
@click.option("--only", multiple=True, metavar="PART", help="store, workers or memory; may be repeated.")
@click.option("--steps", type=click.IntRange(min=1), default=3_000, show_default=True, help="Of the baseline.")
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="In a stack.")
@click.option("--pairs", type=click.IntRange(min=2), default=2, show_default=True, help="One worker against two.")
@quick_option
@out_option
def overhead(only: tuple[str, ...], steps: int, seeds: int, pairs: int, quick: bool, out: Path) -> None:
    """Measure what store and display cost, what a second worker gains (on digits), and each recipe's memory."""
    from ablations.catalog import RECIPES
    from bench.memory import peak_memory
    from bench.overhead import measure_overhead, measure_scaling

    parts = choose(only, ["store", "workers", "memory"])
    dataset = "digits" if quick else "mnist"
    steps, seeds, pairs = (5, 2, 2) if quick else (steps, seeds, pairs)
    size: dict[str, Any] = {"dataset": dataset, "steps": steps, "seeds": seeds, "pairs": pairs}
    tree: dict[str, Any] = {"size": size}
    with tempfile.TemporaryDirectory() as scratch:
        if "store" in parts:
            whole = measure_overhead(Path(scratch), dataset=dataset, steps=steps, seeds=seeds)
            tree["overhead"] = whole.as_dict()
            click.echo(whole.sentence(seeds, steps))
            costs = [(name, f"{took:.2f}", f"{took / whole.training:.2%}") for name, took in whole.parts.items()]
            print_table(("", "s", "of training"), costs, right=frozenset({1, 2}))
        if "workers" in parts:
            scaling = measure_scaling(
                Path(scratch), dataset="digits", steps=max(1, steps // 5), seeds=seeds, pairs=pairs
            )
            tree["scaling"] = asdict(scaling)
            click.echo(f"two worker processes: {scaling.ratio} times the throughput of one")
    if "memory" in parts:
        width = 2 if quick else 16
        names = ["s3"] if quick else ["baseline", *RECIPES]
        memory = {name: peak_memory(name, width, dataset) for name in names}
        tree |= {"width": width, "memory": memory}
        click.echo(f"\nmemory of a worker with {width} seeds in a stack")
        rows = [(name, f"{peak:,.0f}") for name, peak in memory.items()]
        print_table(("recipe", "MiB"), rows, right=frozenset({1}))
    save(out, "overhead", tree)


@main.command("bits")
@click.option("--against", "revision", metavar="REV", help="A git revision.  [default: where the number was last set]")
@click.option("--only", default="", metavar="TEXT", help="Trainings with this in their name.")
def bits_command(revision: str | None, only: str) -> None:
    """Hold the bits of short trainings against a revision: they may change only with the number of the numerics."""
    from bench import bits

    chosen = revision or bits.last_set(ROOT)
    found = bits.compare(ROOT, chosen, only)
    old, new = found.numbers
    click.echo(
        f"{found.compared} trainings against {chosen[:12]}: {len(found.differing)} differ; NUMERICS {old} -> {new}"
    )
    for name in found.differing:
        click.echo(f"  {name}")
    if found.problem:
        raise UserError(found.problem)


@main.command("profile")
@click.option("--only", multiple=True, metavar="RECIPE", help="This recipe only; may be repeated.")
@click.option("--width", type=click.IntRange(min=1), default=16, show_default=True, help="Seeds in a stack.")
@click.option("--steps", type=click.IntRange(min=1), default=100, show_default=True)
@quick_option
@out_option
def profile_command(only: tuple[str, ...], width: int, steps: int, quick: bool, out: Path) -> None:
    """Show what the time of each recipe's step is spent on."""
    from ablations.catalog import BASELINE, RECIPES
    from ablations.data import load_dataset
    from bench.profile import profile_step
    from bench.timing import stay_on_one_core

    names = choose(only, [BASELINE.name, *RECIPES])
    stay_on_one_core()
    dataset = load_dataset("digits" if quick else "mnist")
    profiles = [profile_step(name, 2 if quick else width, dataset, steps=2 if quick else steps) for name in names]
    header = ("recipe", "ms a seed-step", *profiles[0].shares, "longest operation")
    rows = []
    for item in profiles:
        operation, share = next(iter(item.longest.items()))
        cells = [f"{value:.0%}" for value in item.shares.values()]
        rows.append((item.name, f"{item.milliseconds:.3f}", *cells, f"{operation} {share:.0%}"))
    print_table(header, rows, right=frozenset(range(1, len(header) - 1)))
    save(out, "profile", {"steps": steps, "profiles": [asdict(item) for item in profiles]})


@main.command()
@click.option("--steps", type=click.IntRange(min=1), default=300, show_default=True, help="Trained before.")
@click.option("--width", type=click.IntRange(min=1), default=5, show_default=True, help="Seeds in a stack.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="The fastest one counts.")
@quick_option
@out_option
def scoring(steps: int, width: int, rounds: int, quick: bool, out: Path) -> None:
    """Show what the time of the baseline's scores is spent on, and their share of a run of the study `quick`."""
    from ablations.data import load_dataset
    from bench.scoring import lines_of, profile_scoring
    from bench.timing import stay_on_one_core

    stay_on_one_core()
    steps, width, rounds = (3, 1, 1) if quick else (steps, width, rounds)
    costs = profile_scoring(load_dataset("digits" if quick else "mnist"), steps=steps, width=width, rounds=rounds)
    print_table(("milliseconds of CPU time", "ms"), lines_of(costs), right=frozenset({1}))
    save(out, "scoring", asdict(costs))


@main.command()
@click.option("--seeds", type=click.IntRange(min=1), multiple=True, default=(5, 16), show_default=True)
@quick_option
def modules(seeds: tuple[int, ...], quick: bool) -> None:
    """Time a user's modules against the built-in networks that they equal."""
    from bench.modules import HEADER, ratios

    print_table(HEADER, ratios(seeds, quick), right=frozenset({1}))


def start_as_workers_are() -> None:
    """Begin this process again in the environment of a worker: its memory settings are read at the very start."""
    from ablations.execution.executors.processes import WORKER_VARIABLES

    if any(os.environ.get(name) != value for name, value in WORKER_VARIABLES.items()):
        os.execve(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]], {**os.environ, **WORKER_VARIABLES})


if __name__ == "__main__":
    start_as_workers_are()
    try:
        main(prog_name="python -m bench")
    except UserError as error:
        sys.exit(f"error: {error}")
