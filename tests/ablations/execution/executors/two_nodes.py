"""A Ray cluster of two nodes on this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psutil

from ablations.execution.executors.ray_connection import LOOPBACK, QUIET, SLOW

T = TypeVar("T")
PATIENCE = 5
EAGER = {"RAY_worker_niceness": "0"}
"""Ray's workers yield to everything else on their machine, so that tests beside other work would never end."""
TOKEN = "70cece11" * 8
"""Of Ray: 64 hexadecimal digits."""
WITH_TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
"""As `ray up` brings it to the nodes; another test of this process may have switched the mode on without one."""


class TwoNodes:
    """Of one CPU each, bound to loopback."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._facts: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
        self._cluster = patiently(lambda: Cluster(initialize_head=True, head_node_args=dict(self._facts)))
        self._second = patiently(lambda: self._cluster.add_node(**self._facts))
        self.address = str(self._cluster.address)

    def kill_second(self) -> None:
        """All of its processes at once, as if its plug were pulled."""
        raylet = psutil.Process(self._second.all_processes["raylet"][0].process.pid)
        for process in [raylet, *raylet.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._cluster.remove_node(self._second, allow_graceful=False)

    def add_second(self) -> None:
        """Another in its place."""
        self._second = patiently(lambda: self._cluster.add_node(**self._facts))

    def workers(self) -> list[psutil.Process]:
        """The processes of both nodes that are doing a job just now."""
        found = []
        for node in self._cluster.list_all_nodes():
            for process in psutil.Process(node.all_processes["raylet"][0].process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if (process.cmdline() or [""])[0].startswith("ray::do"):
                        found.append(process)
        return found

    def end(self) -> None:
        self._cluster.shutdown()


def patiently(start: Callable[[], T]) -> T:
    """Begin a node again that was not up within the half minute that Ray gives it, as on a busy machine."""
    for _ in range(PATIENCE):
        try:
            return start()
        except Exception as error:
            if SLOW not in str(error):
                raise
    return start()


@contextlib.contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """For as long as the block runs."""
    os.environ.update(QUIET | LOOPBACK | EAGER)
    from ray._private import ray_constants

    before, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False  # as it is read at import
    cluster = TwoNodes()
    try:
        yield cluster
    finally:
        cluster.end()
        ray_constants.ENABLE_RAY_CLUSTER = before
        for name in LOOPBACK | EAGER:
            os.environ.pop(name, None)
