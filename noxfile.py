"""The tasks of this project. `nox --list` names them; each works alone from a fresh clone: `nox -s tests`.

All sessions share one environment, `.nox/env` (torch alone is gigabytes), installed by the session `env` from the pins
in constraints.txt, and again only when those or pyproject.toml change. Arguments after `--` are passed on.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import nox

ROOT = Path(__file__).parent
ENVIRONMENT = ROOT / ".nox" / "env"
PROGRAMS = ENVIRONMENT / "bin"
PINS = ROOT / "constraints.txt"
SETTINGS = {
    # One thread a process and a process a core: several threads of several processes on the same cores collapse.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MPLBACKEND": "Agg",
}

ON_ALL_CORES = ("-n", "logical", "--maxprocesses", "8", "--dist", "worksteal")
"""Tests of one file mostly stay together, so that what they share is made once, and none waits for another's file."""

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = True


@nox.session(venv_backend="virtualenv", reuse_venv=True)
def env(session: nox.Session) -> None:
    """Install the shared environment, if the pins or pyproject.toml changed since."""
    inputs = (ROOT / "pyproject.toml").read_bytes() + PINS.read_bytes()
    digest = hashlib.sha256(inputs + str(ROOT).encode()).hexdigest()
    stamp = ENVIRONMENT / "installed.sha256"
    if stamp.is_file() and stamp.read_text() == digest:
        session.log("up to date")
        return
    stamp.unlink(missing_ok=True)
    session.install("--constraint", str(PINS), "--editable", ".[dev]")
    stamp.write_text(digest)


@nox.session(venv_backend="none", requires=["env"])
def ablate(session: nox.Session) -> None:
    """Train the study `quick` (or another: `-- recipes --seeds 2`), score it, write its report."""
    run(session, "ablations", "run", *of_quick(session.posargs))


@nox.session(venv_backend="none", requires=["env"])
def tests(session: nox.Session) -> None:
    """Run the tests, a process on each core, at most 8 (`-- -n 0` for one alone)."""
    run(session, "pytest", *ON_ALL_CORES, *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def slow(session: nox.Session) -> None:
    """Run the tests that take long: Ray, object stores, processes that are killed, bits in other processes."""
    run(session, "pytest", "-m", "slow", *ON_ALL_CORES, *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def chaos(session: nox.Session) -> None:
    """Kill a study 40 times (or `-- --kills 200`; `-- --ray`: workers and nodes of Ray), and compare what is left."""
    if "--ray" in session.posargs:
        run(session, "python", "-m", "tests.ray_chaos", *(word for word in session.posargs if word != "--ray"))
        return
    run(session, "python", "-m", "tests.chaos", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def lint(session: nox.Session) -> None:
    """Check style, formatting and the walls between the rooms."""
    run(session, "ruff", "check", *session.posargs)
    run(session, "ruff", "format", "--check", *session.posargs)
    run(session, "lint-imports")


@nox.session(venv_backend="none", requires=["env"])
def types(session: nox.Session) -> None:
    """Check types strictly."""
    run(session, "mypy", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def bench(session: nox.Session) -> None:
    """Time the hot paths, and race the documents' own loops (`-- -k store` for some; `-- --against REV`: the gate)."""
    if any(argument.startswith("--against") for argument in session.posargs):
        run(session, "python", "-m", "bench", "gate", *session.posargs)
        return
    quick = "--quick" in session.posargs
    options = [
        "--benchmark-enable",
        "--benchmark-only",
        "--benchmark-columns=median,iqr,rounds",
        "--benchmark-sort=name",
        "--benchmark-json=results/bench/benchmarks.json",
    ]
    if quick:
        options += ["--benchmark-min-rounds=1", "--benchmark-max-time=0.01", "--benchmark-warmup=off", "--quiet"]
    (ROOT / "results" / "bench").mkdir(parents=True, exist_ok=True)
    run(session, "pytest", "bench", *options, *session.posargs)
    if set(session.posargs) <= {"--quick"}:
        run(session, "python", "-m", "bench", "race", *session.posargs)
    if quick:
        for command in ("limit", "profile", "overhead"):
            run(session, "python", "-m", "bench", command, "--quick")


@nox.session(venv_backend="none", requires=["env"])
def bits(session: nox.Session) -> None:
    """Check that bits changed only with the number of the numerics (`-- --against REV`: since that revision)."""
    run(session, "python", "-m", "bench", "bits", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def search(session: nox.Session) -> None:
    """Search hyperparameters of the baseline with Optuna."""
    run(session, "ablations", "search", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def report(session: nox.Session) -> None:
    """Build the report of the study `quick` (or another: `-- recipes`) from the store."""
    run(session, "ablations", "report", *of_quick(session.posargs))


@nox.session(venv_backend="none", requires=["env"])
def publish(session: nox.Session) -> None:
    """Regenerate reports/published from its records and what they lack: hours; `-- --no-tuned`: without tuning."""
    run(session, "ablations", "publish", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def ui(session: nox.Session) -> None:
    """Serve MLflow's page of the store on this machine."""
    run(session, "ablations", "ui", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def docs(session: nox.Session) -> None:
    """Run the console blocks of README.md and docs/, small, offline and into a temporary store."""
    run(session, "python", "tests/readme.py", *session.posargs)


@nox.session(venv_backend="virtualenv", reuse_venv=True)
def pins(session: nox.Session) -> None:
    """Write constraints.txt anew, with the newest versions that pyproject.toml admits."""
    session.install("uv")
    comment = [line for line in PINS.read_text().splitlines() if line.startswith("#")]
    options = shlex.split(
        "--quiet --system-certs --upgrade --universal --no-header --no-annotate --python-version 3.11"
    )
    extras = ["--extra", "dev", "--extra", "cluster"]
    found = session.run("uv", "pip", "compile", *options, *extras, "pyproject.toml", silent=True)
    PINS.write_text("\n".join([*comment, str(found)]))


def of_quick(words: Sequence[str]) -> list[str]:
    """The arguments of a command that takes a study, which is `quick` unless they begin with one."""
    return [*words] if words and not words[0].startswith("-") else ["quick", *words]


def run(session: nox.Session, program: str, *arguments: str) -> None:
    """Run a program of the shared environment."""
    path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
    session.run(str(PROGRAMS / program), *arguments, env={**SETTINGS, "PATH": path}, external=True)
