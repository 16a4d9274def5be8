"""What is Ray's alone: two nodes, checks of each node, refusals, what is printed there, and real groups that travel."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ablations.config import own_parts
from ablations.config.errors import ConfigError
from ablations.execution.choice import ExecutorOptions, NodeCheck, versions
from ablations.execution.events import Event, GroupEnded, GroupStarted, Printed
from ablations.execution.executors import Settings
from ablations.execution.executors.ray_cluster import RayExecutor
from ablations.execution.executors.ray_connection import check_reach
from ablations.execution.plan import make_plan
from ablations.execution.rescore import carry_out_rescoring, rescore_jobs
from ablations.execution.runner import execute
from ablations.store import Archive
from ablations.training.engine import choose_engine
from tests.ablations.execution.executors.jobs import Make, Only, do
from tests.ablations.execution.executors.two_nodes import TwoNodes, two_nodes
from tests.ablations.small_study import BASE, OPTIONS, STUDY, digests, run
from tests.services import listening

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'gan-ablations[cluster]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as found:
        yield found


@pytest.fixture(scope="module")
def held(cluster: TwoNodes) -> Iterator[RayExecutor]:
    with RayExecutor(Settings(address=cluster.address)) as executor:
        yield executor


def executor(cluster: TwoNodes, **settings: Any) -> RayExecutor:
    return RayExecutor(Settings(address=cluster.address, **settings))


def test_it_uses_all_nodes_and_listens_on_loopback_alone(held: RayExecutor, cluster: TwoNodes) -> None:
    assert held.capacity == 2
    children = [process.pid for process in psutil.Process().children()]
    assert {address for address, _ in listening(children)} == {"127.0.0.1"}


@pytest.mark.parametrize("share", [0.25, 1.0, 2.0])
def test_gpus_that_the_cluster_lacks_are_refused_at_once(
    held: RayExecutor, cluster: TwoNodes, make: Make, share: float
) -> None:
    started = time.monotonic()
    with pytest.raises(ConfigError, match=rf"needs 1 CPU and {share:g} GPU on one node, .* \(2 CPUs and 0 GPUs"):
        do(executor(cluster, gpus_per_group=share), make("never"))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("node", "share", "places"),
    [
        ({"CPU": 8, "GPU": 2}, 0.25, 8),
        ({"CPU": 3, "GPU": 2}, 0.25, 3),
        ({"CPU": 8, "GPU": 2}, 0.4, 4),
        ({"CPU": 8, "GPU": 3}, 1.0, 3),
        ({"CPU": 8, "GPU": 3}, 2.0, 1),
        ({"CPU": 8}, 0.5, 0),
        ({"CPU": 8}, 0.0, 8),
    ],
)
def test_places_of_a_node_by_cpus_and_whole_gpus(node: dict[str, float], share: float, places: int) -> None:
    assert RayExecutor(Settings(gpus_per_group=share)).places_on({"Resources": node}) == places


def test_a_node_that_does_not_meet_the_requirement_gets_no_job(
    held: RayExecutor, cluster: TwoNodes, make: Make
) -> None:
    job = make("never")
    with pytest.raises(ConfigError, match="must not do the jobs: it has other data"):
        do(executor(cluster, requirement=Only("it has other data")), job)
    assert job.begun == 0


def test_what_a_job_prints_or_raises_there_is_told_here(held: RayExecutor, make: Make) -> None:
    events = do(held, make("prints", prints="a word from there"), make("fails", raises="no luck"))
    assert [event.text for event in events if isinstance(event, Printed)] == ["a word from there\n"]
    reasons = {event.group: event.reasons.get(0, "") for event in events if isinstance(event, GroupEnded)}
    assert reasons["fails"] == "ValueError: no luck"


def test_no_cluster_is_said_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"--address 127.0.0.1:1: nothing answers there"):
        check_reach("127.0.0.1:1")
    with pytest.raises(ConfigError, match="neither auto, local nor HOST:PORT"):
        check_reach("somewhere")
    assert time.monotonic() - started < 5


def test_a_cluster_that_cannot_be_started_here_is_said_in_one_line(tmp_path: Path) -> None:
    """Its sockets' paths would be too long; in a process of its own, which has joined no cluster yet."""
    code = (
        "from ablations.execution.executors import Settings\n"
        "from ablations.execution.executors.ray_connection import connect\n"
        "connect(Settings(address='local', workers=1))"
    )
    command = [sys.executable, "-c", code]
    settings = {**os.environ, "RAY_TMPDIR": str(tmp_path / ("long" * 25))}
    done = subprocess.run(command, capture_output=True, text=True, env=settings, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert re.search("ConfigError: --address local: no Ray cluster could be started here: .*path length", last)


def test_a_study_and_its_rescoring_on_two_nodes_are_those_of_this_process(
    held: RayExecutor, cluster: TwoNodes, tmp_path: Path
) -> None:
    here, there = Archive.open(tmp_path / "here"), Archive.open(tmp_path / "there")
    run(STUDY, here, seeds=1, evaluations=1)
    options = ExecutorOptions(name="ray", address=cluster.address)
    plan = make_plan(STUDY, dataclasses.replace(OPTIONS, workers=None, seeds=1, evaluations=1, executor=options), there)
    assert plan.workers == 2
    events: list[Event] = []
    summary = execute(plan, there, events.append)
    assert summary.counts["finished"] == plan.runs == 2
    assert digests(there) == digests(here)
    assert not list(there.work.glob("checkpoints/*/step-*"))
    began = [event.group for event in events if isinstance(event, GroupStarted)]
    assert len(began) == len(set(began)), "every group once"

    for key in there.keys():  # noqa: SIM118 - an archive is no mapping
        for scores in (there.folder(key) / "scores").glob("*.json"):
            scores.unlink()
    jobs = rescore_jobs(there, STUDY.name, plan.scorer)
    assert carry_out_rescoring(there, STUDY.name, jobs, events.append, options=options) == {}
    assert {k: s for k, (_, s) in digests(there).items()} == {k: s for k, (_, s) in digests(here).items()}


def test_jobs_of_a_node_that_dies_are_done_by_the_others(held: RayExecutor, cluster: TwoNodes, make: Make) -> None:
    jobs = [make("first", waits_for="go"), make("second", waits_for="go"), make("third")]
    events: list[Event] = []

    def kill(event: Event) -> None:
        events.append(event)
        if sum(isinstance(item, GroupStarted) for item in events) == 2 and not (jobs[0].common / "go").exists():
            cluster.kill_second()
            (jobs[0].common / "go").touch()

    executor(cluster).run(jobs, kill, lambda: None)
    assert {e.group: e.statuses[0] for e in events if isinstance(e, GroupEnded)} == {
        "first": "finished", "second": "finished", "third": "finished",
    }  # fmt: skip
    assert sorted(job.begun for job in jobs) == [1, 1, 2], "one was begun again, none twice beside it"
    cluster.add_second()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"versions": (("gan-ablations", "0.0"), *versions()[1:])}, "it has gan-ablations .*, not 0.0"),
        ({"versions": (versions()[0], ("torch", "1.0"), versions()[2])}, "it has torch .*, not 1.0"),
        ({"numerics": -1}, "the numerics .*, not -1"),
        ({"dataset": "digits", "data_digest": "0" * 64}, "its dataset 'digits' is another one"),
        ({"dataset": "digits", "split": "nonsense"}, "nonsense"),
    ],
)
def test_a_node_with_other_code_or_data_is_refused(changes: dict[str, Any], message: str) -> None:
    good = NodeCheck(engine=choose_engine("cpu"), versions=versions())
    assert good.problem() is None
    problem = dataclasses.replace(good, **changes).problem()
    assert problem is not None
    assert re.search(message, problem)


def test_own_parts_travel_by_their_content_and_only_to_runs_that_name_them(
    held: RayExecutor, cluster: TwoNodes, tmp_path: Path
) -> None:
    """The file is gone before the nodes could read it; what it prints where it is run tells where that was."""
    path, seen = tmp_path / "my_parts.py", tmp_path / "seen.txt"
    path.write_text(
        "import math\nfrom torch import nn\nfrom ablations.config.parts import register\n"
        "from ablations.data import load_dataset\n"
        f"with open({str(seen)!r}, 'a') as file: file.write('read\\n')\n"
        "register('discriminator', 'mine', lambda shape: nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), 1)))\n"
    )
    own_parts.load([str(path)])
    mine = BASE.override({"discriminator.architecture": "mine"}, name="mine")
    study = dataclasses.replace(STUDY, variants=(BASE, mine), contrasts=(), seeds=1, evaluations=1)
    here, there = (Archive(tmp_path / name) for name in ("here", "there"))
    run(study, here)
    options = ExecutorOptions(name="ray", address=cluster.address)
    plan = make_plan(study, dataclasses.replace(OPTIONS, executor=options), there)
    assert {job.variant.name: len(job.parts) for job in plan.jobs} == {"base": 0, "mine": 1}
    path.unlink()
    summary = execute(plan, there, lambda event: None, held)
    assert summary.counts["finished"] == 2, summary.failures
    assert digests(there) == digests(here)
    assert seen.read_text().count("read") == 2, "once here, once on the node of the one run that names it"
