"""A job on a node of a Ray cluster: in a folder of its own, its results sent back whole."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from ablations.execution.events import Event, GroupEnded
from ablations.execution.executors.contract import Job, Requirement
from ablations.store.parcel import pack, unpack

ASK_SECONDS = 0.5
"""How often a job that says nothing asks whether it is to stop."""
LOG_CHARACTERS = 20_000
"""Of what a job printed, the last ones are sent back."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What comes back of a job."""

    ended: tuple[Event, ...]
    """The events of its end: told once its results are kept."""
    results: bytes
    """The folder it left: see `parcel`."""
    printed: str
    node: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A node that must not do the jobs, and why."""

    node: str
    problem: str


class Office:
    """An actor beside the one who asked: it collects what jobs say, and tells them when to stop."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._places: dict[str, str] = {}
        self._reason: str | None = None

    def begin(self, task: str, node: str) -> None:
        """Take in on which node a task has begun, both by Ray's numbers."""
        self._places[task] = node

    def tell(self, event: Event | None = None) -> str | None:
        """Take in an event; returns why the job is to stop, if it is."""
        if event is not None:
            self._events.append(event)
        return self._reason

    def stop(self, reason: str) -> None:
        self._reason = reason

    def collect(self) -> tuple[list[Event], dict[str, str]]:
        """Since the last time: what was said, in order; and the node of every task that has begun."""
        events, self._events = self._events, []
        places, self._places = self._places, {}
        return events, places


class _Line:
    """A job's line to the office."""

    def __init__(self, office: Any) -> None:
        self._office = office
        self._reason: str | None = None
        self._asked = time.monotonic()
        self.ended: list[Event] = []
        context = ray.get_runtime_context()
        # not waited for: Ray gives a waiting task's place to another, which would then share this node's core
        office.begin.remote(context.get_task_id(), context.get_node_id())

    def emit(self, event: Event) -> None:
        if isinstance(event, GroupEnded):
            self.ended.append(event)
        else:
            self._call(event)

    def stop(self) -> str | None:
        if time.monotonic() - self._asked > ASK_SECONDS:
            self._call()
        return self._reason

    def _call(self, event: Event | None = None) -> None:
        try:
            self._reason = ray.get(self._office.tell.remote(event))
        except ray.exceptions.RayError as error:
            raise ConnectionError("whoever asked for the job is gone") from error
        self._asked = time.monotonic()


def check(requirement: Requirement | None) -> Refused | None:
    """Whether this node may do the jobs."""
    problem = _problem(requirement)
    return None if problem is None else Refused(node=node(), problem=problem)


def do(job: Job, parcel: bytes, office: Any, requirement: Requirement | None) -> Done | Refused:
    """Do a job. What it raises reaches the one who asked."""
    if refused := check(requirement):
        return refused
    line = _Line(office)
    with tempfile.TemporaryDirectory(prefix="ablations-") as name:
        folder = Path(name)
        inbound = folder / "inbound"
        inbound.mkdir()
        unpack(parcel, folder / "outbound")
        with printing_into(folder / "printed.txt"):
            job.moved(folder / "outbound", inbound).run(line.emit, line.stop)
        printed = (folder / "printed.txt").read_text(errors="replace")[-LOG_CHARACTERS:]
        return Done(ended=tuple(line.ended), results=pack(inbound), printed=printed, node=node())


def node() -> str:
    """This node as people call it."""
    return f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"


@contextlib.contextmanager
def printing_into(path: Path) -> Iterator[None]:
    """Turn standard output and standard error, down to their file descriptors, into a file."""
    with path.open("wb") as file:
        before = {number: os.dup(number) for number in (1, 2)}
        try:
            for number in before:
                os.dup2(file.fileno(), number)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in before.items():
                os.dup2(copy, number)
                os.close(copy)


@functools.cache
def _problem(requirement: Requirement | None) -> str | None:
    """Once a process: the answer does not change."""
    return None if requirement is None else requirement.problem()
