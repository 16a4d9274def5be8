"""The commands of docs/cluster.md on three hosts, whose files, processes and addresses are their own."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ablations.store import Archive
from tests.ablations.execution.executors.two_nodes import EAGER, TOKEN
from tests.ablations.small_study import STUDY, digests
from tests.hosts import Host, cannot, hosts

pytest.importorskip("ray", reason="needs Ray: pip install 'gan-ablations[cluster]'")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
TOKEN_FILE = ".ray/auth_token"
PROGRAMS = Path(sys.executable).parent
SOON = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
"""A node that is not heard of is given up after seconds, not after the minute that Ray takes by default."""
SMALL = ["--object-store-memory", str(80 * 2**20)]
RUN = ["run", "small.json", "--data", "digits", "--device", "cpu", "--width", "1", "--mirror", "none"]
PATIENCE_SECONDS = 600.0
SILENCE_SECONDS = 100.0
"""From the cut to the end of the study: Ray alone says nothing of a task that is cut off for longer."""


def token_made() -> str:
    """How the page has the head make its token."""
    [line] = [line for line in PAGE.read_text().splitlines() if "ray get-auth-token" in line]
    return line.replace("ray ", f"{PROGRAMS / 'ray'} ")


def started() -> list[str]:
    """How the page has Ray begun: on the head, on a node, on the laptop."""
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"(\w+=\w+ )*ray start --", line)]
    assert all(line.startswith("RAY_AUTH_MODE=token ") for line in lines)
    assert ["--head" in lines[0], *("--address HEAD:6379" in line for line in lines[1:])] == [True, True, True]
    assert "--num-cpus 0" in lines[2]
    return lines


def ray(host: Host, line: str, head: Host, *own: str) -> None:
    words = shlex.split(line.replace("HEAD", head.address))
    settings = dict(word.split("=", 1) for word in words[: words.index("ray")])
    program = [str(PROGRAMS / "ray"), *words[words.index("ray") + 1 :]]
    host.run([*program, *own, *SMALL], {**EAGER, **SOON, **settings})


def ablations(*words: str) -> list[str]:
    return [str(PROGRAMS / "ablations"), *words]


def stored(laptop: Host, name: str) -> Mapping[str, object]:
    return digests(Archive.open(laptop.home / name))


@pytest.fixture
def cluster() -> Iterator[tuple[Host, Host, Host]]:
    """A head, a node and a laptop; the token is made and copied as the page has it."""
    if why := cannot():
        pytest.skip(why)
    with hosts("head", "node", "laptop") as (head, node, laptop):
        head.run(["sh", "-c", token_made()], {})
        for host in (node, laptop):
            (host.home / ".ray").mkdir()
            shutil.copy(head.home / TOKEN_FILE, host.home / TOKEN_FILE)
        (laptop.home / "small.json").write_text(json.dumps(STUDY.as_dict()))
        first, second, third = started()
        ray(head, first, head, "--num-cpus", "1")
        ray(node, second, head, "--num-cpus", "1")
        ray(laptop, third, head)
        yield head, node, laptop


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_study_over_the_network_has_the_bits_of_one_at_home(cluster: tuple[Host, Host, Host]) -> None:
    head, node, laptop = cluster
    plan = laptop.run(ablations(*RUN, "--executor", "ray", "--dry-run", "--json"), {})
    assert json.loads(plan[plan.index("{") :])["workers"] == 2
    laptop.run(ablations(*RUN, "--executor", "ray", "--store", "far"), {})
    laptop.run(ablations(*RUN, "--executor", "serial", "--store", "near"), {})
    assert len(stored(laptop, "far")) == STUDY.seeds * len(STUDY.variants)
    assert stored(laptop, "far") == stored(laptop, "near")
    for host in (head, node):
        assert not list(host.home.rglob("run.json")), "what a job leaves goes home whole"
    (laptop.home / TOKEN_FILE).write_text(TOKEN)
    with pytest.raises(RuntimeError, match=r"does not let this machine in; .* ~/\.ray/auth_token"):
        laptop.run(ablations(*RUN, "--executor", "ray", "--store", "refused"), {})


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_the_cable_of_a_node_is_pulled_in_the_middle_of_a_study(cluster: tuple[Host, Host, Host]) -> None:
    """What the node was at is done elsewhere, once; it goes on alone, and nothing of that counts."""
    _, node, laptop = cluster
    longer = [*RUN, "--steps", "1500"]
    running = laptop.start(ablations(*longer, "--executor", "ray", "--retries", "3", "--store", "far"), {})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not list((laptop.home / "far").glob("runs/*/run.json")) and time.monotonic() < deadline:
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.2)
    node.unplug()
    assert len(stored(laptop, "far")) < STUDY.seeds * len(STUDY.variants), "both places are at work"
    said, _ = running.communicate(timeout=SILENCE_SECONDS)
    assert running.returncode == 0, said
    laptop.run(ablations(*longer, "--executor", "serial", "--store", "near"), {})
    assert len(stored(laptop, "far")) == STUDY.seeds * len(STUDY.variants)
    assert stored(laptop, "far") == stored(laptop, "near")
