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


def test_ray_accepts_the_file_and_refuses_one_with_a_mistake() -> None:
    from jsonschema import ValidationError
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(json.loads(json.dumps(CONFIG))))
    with pytest.raises(ValidationError):
        validate_config({**prepare_config(json.loads(json.dumps(CONFIG))), "max_worker": 2})
    assert CONFIG["max_workers"] == len(CONFIG["provider"]["worker_ips"])


def starting(role: str) -> list[str]:
    """The last of a role's commands, which starts Ray; the first stops what runs, which here may be somebody's."""
    stop, start = CONFIG[f"{role}_start_ray_commands"]
    assert stop == "ray stop"
    words = [word for word in shlex.split(start) if "=" not in word or word.startswith("--")]
    assert words[:2] == ["ray", "start"]
    return words[1:]


@contextlib.contextmanager
def started(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A head by the file's command, bound to loopback and killed in the end; its address."""
    port, settings = (
        free_port(),
        {**os.environ, **LOOPBACK, **EAGER, **WITH_TOKEN, "RAY_USAGE_STATS_ENABLED": "0", "HOME": str(folder)},
    )
    address = f"127.0.0.1:{port}"
    program = str(Path(sys.executable).with_name("ray"))
    own = ["--block", "--num-cpus", "1", "--node-ip-address", "127.0.0.1", "--object-store-memory", str(80 * 2**20)]
    begun = []
    try:
        words = [word.replace("6379", str(port)) for word in starting("head")]
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
    assert starting("worker")[:3] == ["start", "--address", "$RAY_HEAD_IP:6379"]
    (tmp_path / "small.json").write_text(json.dumps(STUDY.as_dict()))
    with started(tmp_path) as (address, settings):
        command = [sys.executable, "-m", "ablations.cli", "run", "small.json", "--data", "digits", "--device", "cpu"]
        command += ["--executor", "ray", "--address", address, "--store", "store", "--mirror", "none"]
        assert run([*command, "--dry-run", "--json"], tmp_path, settings)["workers"] == 1


def run(command: list[str], folder: Path, settings: dict[str, str]) -> Any:
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
