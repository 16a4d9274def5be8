"""What listens while commands run: nothing beyond this machine, unless somebody asks for it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from ablations.store import Archive
from tests.ablations.execution.executors.two_nodes import EAGER
from tests.ablations.factories import keep, make_result, make_study
from tests.ablations.small_study import STUDY
from tests.services import listening

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]
LOOPBACK = {"127.0.0.1", "::1"}


@contextlib.contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "ablations.cli", *arguments]
    with (folder / "errors.txt").open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder, env=os.environ | EAGER
        )
        family: Sequence[psutil.Process] = []
        try:
            yield process
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        finally:
            process.terminate()
            process.wait(timeout=60)
            assert process.stdout is not None
            process.stdout.close()
            for child in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()


def test_a_study_on_a_cluster_of_its_own_listens_on_loopback_alone(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'gan-ablations[cluster]'")
    (tmp_path / "small.json").write_text(json.dumps(STUDY.as_dict()))
    command = ["run", "small.json", "--data", "digits", "--device", "cpu", "--seeds", "1", "--steps", "500"]
    command += ["--executor", "ray", "--address", "local", "--workers", "1", "--store", "store", "--mirror", "none"]
    found: set[tuple[str, int]] = set()
    with started(tmp_path, *command) as process:
        while process.poll() is None:
            found |= listening([process.pid])
            time.sleep(0.2)
    assert process.returncode == 0, (tmp_path / "errors.txt").read_text()
    assert len(Archive(tmp_path / "store").keys()) == 2
    assert len(found) >= 3, "Ray's own servers must be among what was looked at"
    assert {address for address, _ in found} <= LOOPBACK


def test_the_page_is_served_to_this_machine_alone(tmp_path: Path) -> None:
    keep(Archive.open(tmp_path / "store"), make_study(), [make_result()])
    with started(tmp_path, "ui", "--store", "store", "--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.match(r"http://127\.0\.0\.1:(\d+) shows", line)
        assert address, line + (tmp_path / "errors.txt").read_text()
        assert listening([process.pid]) == {("127.0.0.1", int(address[1]))}


def test_a_port_that_is_open_to_all_would_be_seen() -> None:
    """The tests above rest on it."""
    import socket

    with socket.create_server(("", 0)) as server:
        assert ("0.0.0.0", server.getsockname()[1]) in listening([os.getpid()])
