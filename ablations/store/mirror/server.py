"""MLflow's user interface over a store: started small, on this machine only, and stopped with its parent."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn, Self

from ablations.config.errors import StoreError
from ablations.store.mirror.guarded_calls import Gate, prepare
from ablations.store.mirror.location import locate

START_SECONDS = 60.0
MODEL_TRAINING = "workflowType=machine_learning"
"""Asks MLflow's pages to leave out the menus for language models."""


@dataclass
class Server:
    """A running server; leave its `with` block, or call `stop`, to end it."""

    url: str
    process: subprocess.Popen[bytes] | None
    """None where the store is a server already: there is nothing to stop."""

    def wait(self) -> int:
        """Until the server ends; returns its exit status."""
        return 0 if self.process is None else self.process.wait()

    def stop(self) -> None:
        """With all its workers."""
        if self.process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(location: str | Path, port: int = 5000, host: str = "127.0.0.1", *, timeout: float = START_SECONDS) -> Server:
    """Start MLflow's server on a store and return when it answers. Port 0 takes a free one.

    The server asks for no password: a `host` other than the loopback address opens the store to the network.

    Raises:
        StoreError: the port is taken, the store cannot be opened, or the server did not answer in `timeout` seconds.
    """
    address = locate(location)
    if address.is_server:
        return Server(url=address.name, process=None)
    port = _free(host, port)
    Gate(address).open()  # creates the database, and says what is wrong with it better than a server's log
    url = f"http://{host}:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", address.uri]
    command += [
        "--default-artifact-root",
        str(address.artifacts),
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with tempfile.TemporaryFile() as log:
        server = Server(url=url, process=_start(command, log))
        try:
            _await(server, log, time.monotonic() + timeout)
        except BaseException:
            server.stop()
            raise
    return server


@contextlib.contextmanager
def leaving_on_sigterm() -> Iterator[None]:
    """In the block SIGTERM ends this process as an exception does, so that a server is stopped with it.

    To be called in the main thread.
    """

    def leave(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    prepare()
    # Job execution is for features that nothing here uses; without it the server is up in a quarter of the time.
    settings = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return subprocess.Popen(
        command, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )


def _await(server: Server, log: IO[bytes], deadline: float) -> None:
    assert server.process is not None
    # A proxy of the environment has no business between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with opener.open(f"{server.url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    log.seek(0)
    tail = log.read().decode(errors="replace").strip().splitlines()[-5:]
    raise StoreError(f"MLflow's server did not start on {server.url}; its last lines:\n" + "\n".join(tail))


def _free(host: str, port: int) -> int:
    try:
        with socket.create_server((host, port)) as probe:
            return int(probe.getsockname()[1])
    except (OSError, OverflowError) as error:
        raise StoreError(
            f"cannot listen on {host}:{port} ({error}); take another --port, or 0 for a free one"
        ) from error
