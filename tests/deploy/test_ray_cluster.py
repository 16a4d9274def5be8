"""`deploy/ray-cluster.yaml`: Ray's own reader takes it, and its command starts a head, here on loopback.

A node cannot join that head by its command: Ray takes the machine's network address for 127.0.0.1 there.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from ablations.execution.executors.ray_connection import LOOPBACK
from tests.ablations.execution.executors.two_nodes import EAGER, WITH_TOKEN, patiently
from tests.ablations.small_study import STUDY
from tests.services import free_port

pytest.importorskip("ray", reason="needs Ray: pip install 'gan-ablations[cluster]'")

FILE = Path(__file__).resolve().parents[2] / "deploy" / "ray-cluster.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(FILE.read_text())
START_SECONDS = 120.0
STARTED = "Ray runtime started"
LEFT_BY_RAY_UP = "--autoscaling-config=~/ray_bootstrap_config.yaml"
"""Without it the head starts no node."""


def test_ray_accepts_the_file_and_refuses_one_with_a_mistake() -> None:
    from jsonschema import ValidationError
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(json.loads(json.dumps(CONFIG))))
    with pytest.raises(ValidationError):
        validate_config({**prepare_config(json.loads(json.dumps(CONFIG))), "max_worker": 2})
    assert CONFIG["max_workers"] == len(CONFIG["provider"]["worker_ips"])


def starting(role: str) -> tuple[list[str], dict[str, str]]:
    """The last of a role's commands, which starts Ray, and what its environment has; the first stops what runs, which
    here may be somebody's. Less what a head reads that `ray up` has left with it.
    """
    stop, start = CONFIG[f"{role}_start_ray_commands"]
    assert stop == "ray stop"
    words = shlex.split(start)
    first = words.index("ray")
    assert words[first + 1] == "start"
    kept = [word for word in words[first + 1 :] if word != LEFT_BY_RAY_UP]
    return kept, dict(word.split("=", 1) for word in words[:first])


def test_ray_up_has_the_head_start_the_nodes() -> None:
    from ray.autoscaler._private import commands
    from ray.autoscaler._private.cli_logger import cli_logger

    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli_logger, "warning", lambda text, *rest: said.append(text))
        commands.warn_about_bad_start_command(CONFIG["head_start_ray_commands"])
        assert not said
        commands.warn_about_bad_start_command(["ray start --head --port 6379"])
    assert said


def test_every_role_asks_for_the_token_which_goes_to_all_machines() -> None:
    assert all(starting(role)[1]["RAY_AUTH_MODE"] == "token" for role in ("head", "worker"))
    assert CONFIG["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"


@contextlib.contextmanager
def started(folder: Path, token: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A head by the file's command, bound to loopback and killed in the end; its address."""
    port, (command, own_settings) = free_port(), starting("head")
    here = {name: value for name, value in os.environ.items() if name not in WITH_TOKEN}
    settings = {**here, **LOOPBACK, **EAGER, **own_settings, **token, "HOME": str(folder)}
    address = f"127.0.0.1:{port}"
    program = str(Path(sys.executable).with_name("ray"))
    own = ["--block", "--num-cpus", "1", "--node-ip-address", "127.0.0.1", "--object-store-memory", str(80 * 2**20)]
    begun = []
    try:
        words = [word.replace("6379", str(port)) for word in command]
        begun.append(patiently(functools.partial(start, [program, *words, *own], folder / "head.log", settings)))
        yield address, settings
    finally:
        for process in reversed(begun):
            end(process)


def start(command: list[str], log: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """Return when it says that it runs. Raises `RuntimeError` with what it said instead."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=settings, stdout=file, stderr=file)
    deadline = time.monotonic() + START_SECONDS
    while STARTED not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            raise RuntimeError(log.read_text(errors="replace"))
        time.sleep(0.2)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_its_command_starts_a_head_that_a_plan_finds(tmp_path: Path) -> None:
    assert starting("worker")[0][:3] == ["start", "--address", "$RAY_HEAD_IP:6379"]
    (tmp_path / "small.json").write_text(json.dumps(STUDY.as_dict()))
    with started(tmp_path, WITH_TOKEN) as (address, settings):
        command = [sys.executable, "-m", "ablations.cli", "run", "small.json", "--data", "digits", "--device", "cpu"]
        command += ["--executor", "ray", "--address", address, "--store", "store", "--mirror", "none"]
        assert run([*command, "--dry-run", "--json"], tmp_path, settings)["workers"] == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_head_without_a_token_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no authentication token was found"), started(tmp_path, {}):
        pass


def run(command: list[str], folder: Path, settings: dict[str, str]) -> Any:
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
