"""Several hosts on this machine: each has an address, a name, processes and a /tmp of its own (Linux' namespaces).

They reach each other over a bridge that nothing else is on, through cables that can be pulled. Needs root and `ip` of
iproute2; nothing of the machine's own network is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

NETWORK = "10.77.0"
_FIRST = """
mount --make-rprivate /
mount --bind "$1" /tmp
hostname "$2"
exec sleep infinity
"""
"""What a host's first process does."""
_UP_SECONDS = 30.0


class Host:
    """What is run there has `/tmp/home` as home and working folder, and sees neither files in /tmp nor processes of
    others. Ends with `end`.
    """

    def __init__(self, name: str, number: int, space: str, root: Path) -> None:
        self.name, self.address, self.space = name, f"{NETWORK}.{number}", space
        self.home = root / name / "home"
        self.home.mkdir(parents=True)
        own = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
        first = [*own, "sh", "-ec", _FIRST, "sh", str(root / name), name]
        self._outer = subprocess.Popen(["ip", "netns", "exec", space, *first], stderr=subprocess.PIPE, text=True)

    def _first(self) -> int:
        """The number of its first process, once that has done what it has to. Raises `RuntimeError` where it cannot."""
        deadline = time.monotonic() + _UP_SECONDS
        while self._outer.poll() is None and time.monotonic() < deadline:
            for process in psutil.Process(self._outer.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if process.name() == "sleep":
                        return process.pid
            time.sleep(0.05)
        self._outer.kill()
        said = self._outer.stderr.read() if self._outer.stderr else ""
        raise RuntimeError(f"{self.name} is not up: {said.strip()}")

    def command(self, words: Sequence[str]) -> list[str]:
        enter = ["nsenter", "--target", str(self._first()), "--mount", "--uts", "--pid", "--net"]
        return [*enter, "sh", "-c", 'cd /tmp/home && exec "$@"', "sh", *words]

    def start(self, words: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
        """Of `settings` and the machine's environment; the output is one text."""
        environment = {**os.environ, **settings, "HOME": "/tmp/home", "TMPDIR": "/tmp"}
        return subprocess.Popen(
            self.command(words), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, words: Sequence[str], settings: Mapping[str, str]) -> str:
        """Raises `RuntimeError` with what it said where it fails."""
        process = self.start(words, settings)
        said, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(words)}: {said}")
        return said

    def unplug(self) -> None:
        """Pull its cable: what runs there goes on, and hears nobody."""
        _ip("-n", self.space, "link", "set", "cable", "down")

    def end(self) -> None:
        """Kill all that runs there."""
        with self._outer:
            self._outer.kill()


@contextlib.contextmanager
def hosts(*names: str) -> Iterator[list[Host]]:
    """For as long as the block runs; all their processes are killed at its end. Raises `RuntimeError` where the machine
    cannot have any.
    """
    spaces = [f"ablations-{os.getpid()}-{number}" for number in range(len(names) + 1)]
    switch = spaces[0]
    root = Path(tempfile.mkdtemp(prefix="hosts-", dir="/var/tmp"))
    made: list[Host] = []
    try:
        for space in spaces:
            _ip("netns", "add", space)
        _ip("-n", switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", switch, "link", "set", "switch", "up")
        for number, (name, space) in enumerate(zip(names, spaces[1:], strict=True), start=1):
            host = Host(name, number, space, root)
            made.append(host)
            _ip("-n", space, "link", "add", "cable", "type", "veth", "peer", "name", f"port{number}", "netns", switch)
            _ip("-n", switch, "link", "set", f"port{number}", "master", "switch", "up")
            _ip("-n", space, "address", "add", f"{host.address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                _ip("-n", space, "link", "set", device, "up")
            # leads nowhere: a program that asks which of its addresses faces the world gets an answer
            _ip("-n", space, "route", "add", "default", "via", f"{NETWORK}.254")
        yield made
    finally:
        for host in made:
            host.end()
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
        shutil.rmtree(root, ignore_errors=True)


def cannot() -> str:
    """Why this machine cannot have hosts; empty where it can."""
    try:
        with hosts("one") as (one,):
            one.run(["true"], {})
    except (RuntimeError, OSError) as error:
        return f"no hosts of its own (root, unshare and ip netns are needed): {error}"
    return ""


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
