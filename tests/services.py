"""Servers of a test's own on loopback: PostgreSQL and MLflow's, to be killed, frozen, begun again; an object store."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
"""Empty where there is no server of PostgreSQL."""
START_SECONDS = 90.0


def free_port() -> int:
    """Below those that the system gives to whoever asks for any, so that no other test takes it before it is used, and
    above those that Ray's workers take.
    """
    while True:
        port = random.SystemRandom().randrange(20_500, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class PostgreSQL:
    """A database server on a free port; it refuses to run as root, so root lends it a user."""

    def __init__(self, folder: Path, port: int, user: str, password: str | None) -> None:
        self.port, self.user = port, user
        self._folder, self._programs = folder, POSTGRESQL[-1].parent
        self._lent: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            self._lent = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        folder.mkdir(mode=0o700)
        login = ["-A", "trust"]
        if password is not None:
            (folder / "password").write_text(password)
            login = ["-A", "scram-sha-256", "--pwfile", str(folder / "password")]
        if self._lent:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "postgres")
        self._program("initdb", "-D", f"{folder}/data", *login, "-U", user, "--no-sync")
        (folder / "password").unlink(missing_ok=True)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self._folder}"
        self._program("pg_ctl", "-D", f"{self._folder}/data", "-o", options, "-l", f"{self._folder}/log", "-w", "start")

    def create(self, database: str, password: str | None = None) -> None:
        settings = os.environ | ({} if password is None else {"PGPASSWORD": password})
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user]
        self._program("createdb", *where, database, env=settings)

    def url(self, database: str, password: str | None = None) -> str:
        login = self.user if password is None else f"{self.user}:{password}"
        return f"postgresql+psycopg2://{login}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """At once, as if it crashed."""
        self._program("pg_ctl", "-D", f"{self._folder}/data", "-m", "immediate", "stop")

    def pid(self) -> int:
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def _program(self, name: str, *arguments: str, **options: Any) -> None:
        subprocess.run(
            [self._programs / name, *arguments],
            check=True, capture_output=True, cwd=self._folder, **self._lent, **options,
        )  # fmt: skip


@contextlib.contextmanager
def postgresql(user: str = "tester", password: str | None = None) -> Iterator[PostgreSQL]:
    """Running while the block runs; its folder is short-lived and its sockets' paths short."""
    folder = Path("/tmp") / f"gan-ablations-postgresql-{os.getpid()}-{free_port()}"
    server = PostgreSQL(folder, free_port(), user, password)
    try:
        server.start()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Program:
    """A server that is a command line; it listens when `url` answers."""

    def __init__(self, command: Sequence[str], url: str, log: Path, settings: Mapping[str, str]) -> None:
        self.command, self.url, self.log = list(command), url, log
        self._settings = {**os.environ, **settings}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self._settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self.log.parent,
            )  # fmt: skip
        opener, deadline = (
            urllib.request.build_opener(urllib.request.ProxyHandler({})),
            time.monotonic() + START_SECONDS,
        )
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with opener.open(self.url, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"{self.command[0]} did not start:\n{self.log.read_text(errors='replace')[-2_000:]}")

    def kill(self) -> None:
        """With all its processes."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def mlflow_server(folder: Path, database: str, settings: Mapping[str, str] | None = None) -> Program:
    """On a free port, its files in `folder`; to be started. The command of docs/cluster.md."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")]
    own = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **(settings or {})}
    return Program(command, f"{url}/health", folder / "mlflow.log", own)


@contextlib.contextmanager
def object_store() -> Iterator[str]:
    """HOST:PORT of an s3 server of this process. What fsspec has connected before forgets its server: fsspec keeps a
    connection by its arguments, and the server's address, which is in the environment, is none of them.
    """
    server = pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs", reason="needs s3fs: pip install 'gan-ablations[cluster]'")
    found = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        host, port = found.get_host_and_port()
        yield f"{host}:{port}"
    finally:
        found.stop()


@contextlib.contextmanager
def frozen(pids: Sequence[int]) -> Iterator[None]:
    """Processes and their children stand still (SIGSTOP) while the block runs: they hold ports and answer nothing."""
    found = [process for pid in pids for process in _family(pid)]
    for process in found:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(found):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def listening(pids: Sequence[int]) -> set[tuple[str, int]]:
    """Address and port of every TCP socket on which these processes, and those they have started, listen now."""
    found = set()
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            for process in _family(pid):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    found |= {
                        (item.laddr.ip.removeprefix("::ffff:"), item.laddr.port)
                        for item in process.net_connections(kind="tcp")
                        if item.status == psutil.CONN_LISTEN
                    }
    return found
