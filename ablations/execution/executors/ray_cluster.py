"""Jobs on a Ray cluster, a job a task: fractions of GPUs, retries when a worker or a node dies.

Nothing is asked of a shared file system: what a job reads of this machine goes with it, and what it leaves comes back
whole. Ray's usage statistics and its dashboard are off; a cluster started here (`local`) is bound to loopback.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from ablations.config.errors import ConfigError
from ablations.config.machine import cores
from ablations.execution.events import Event, Printed
from ablations.execution.executors.contract import Job, Settings, Stop
from ablations.execution.executors.processes import WORKER_VARIABLES
from ablations.execution.executors.ray_connection import connect
from ablations.execution.executors.waiting import POLL_SECONDS, Waiting
from ablations.execution.schedule import groups_on
from ablations.store.parcel import pack, unpack

CHECK_SECONDS = 300.0
"""How long a node may take for its first import and its data."""
PATIENCE_SECONDS = 120.0
"""How long a cluster may be without any node that could do the jobs, when it had one."""


class RayExecutor:
    """See `contract.Executor`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._held = 0
        self._started = False
        self._office: Any = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings)

    def __enter__(self) -> Self:
        if not self._held:
            self._started = connect(self.settings)
        self._held += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._held -= 1
        if self._held:
            return
        self.close_office()
        if self._started:
            import ray

            ray.shutdown()
            self._started = False

    def close_office(self) -> None:
        """End the actor that jobs speak to; the next ones get another."""
        if self._office is not None:
            import ray

            ray.kill(self._office)
            self._office = None

    @property
    def capacity(self) -> int:
        """Raises `ConfigError` where no node has what a job needs: Ray itself would wait for ever."""
        if self.settings.address == "local" and not self._held and not self.settings.gpus_per_group:
            return self.settings.workers or cores()
        with self:
            places = self._places()
            if not places:
                raise ConfigError(self._lacking())
            return min(places, self.settings.workers or places)

    def check_room(self) -> None:
        """Raises what `capacity` does."""
        _ = self.capacity

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        with self, closing(Waiting(jobs, on_event)) as waiting:
            if waiting:
                _Session(self, waiting, on_event, stop).run()

    def task(self, function: Callable[..., Any], **options: Any) -> Any:
        """A function as a task of this executor's cluster, in the jobs' environment."""
        import ray

        variables = {**WORKER_VARIABLES, **self.settings.variables}
        runtime = {"env_vars": {name: value for name, value in variables.items() if value is not None}}
        # A process that has opened a GPU sees no other one, and keeps its memory: it serves one job.
        calls = 1 if options.get("num_gpus") else 0
        return ray.remote(max_calls=calls)(function).options(max_retries=0, runtime_env=runtime, **options)

    def submit(self, job: Job) -> Any:
        """Send a job to whichever node has room; returns the reference to what comes back."""
        from ablations.execution.executors.ray_worker import do

        with tempfile.TemporaryDirectory(prefix="ablations-") as name:
            job.pack(Path(name))
            parcel = pack(Path(name))
        task = self.task(do, num_cpus=1, num_gpus=self.settings.gpus_per_group)
        return task.remote(job, parcel, self.office, self.settings.requirement)

    @property
    def office(self) -> Any:
        """The actor that jobs speak to; it lives on this machine."""
        if self._office is None:
            import ray
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

            from ablations.execution.executors.ray_worker import Office

            here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
            self._office = ray.remote(Office).options(num_cpus=0, scheduling_strategy=here).remote()
        return self._office

    def check_nodes(self) -> None:
        """Ask every node that could do jobs whether it may. Raises `ConfigError` with the first that may not."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from ablations.execution.executors.ray_worker import check

        asked = {}
        for node in ray.nodes():
            if node["Alive"] and self.places_on(node):
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                task = self.task(check, num_cpus=0, scheduling_strategy=there)
                asked[task.remote(self.settings.requirement)] = node["NodeManagerAddress"]
        for reference, address in asked.items():
            try:
                refused = ray.get(reference, timeout=CHECK_SECONDS)
            except (ray.exceptions.RayTaskError, ray.exceptions.RuntimeEnvSetupError, TimeoutError) as error:
                reason = (str(error).strip().splitlines() or [f"no answer in {CHECK_SECONDS:.0f} s"])[-1]
                raise ConfigError(
                    f"--executor ray: the node {address} cannot do the jobs: {reason}; install the same version of "
                    "gan-ablations there"
                ) from error
            except ray.exceptions.RayError:
                continue  # it died meanwhile: it gets no job
            if refused:
                raise ConfigError(refusal(refused))

    def room(self) -> int:
        """For how many jobs there is room now; 0 where the cluster lost all its nodes."""
        places = self._places()
        return min(places, self.settings.workers or places)

    def _places(self) -> int:
        import ray

        return sum([self.places_on(node) for node in ray.nodes() if node["Alive"]])

    def places_on(self, node: Mapping[str, Any]) -> int:
        resources, share = node["Resources"], self.settings.gpus_per_group
        places = int(resources.get("CPU", 0))
        if not share:
            return places
        return min(places, groups_on(int(resources.get("GPU", 0)), share))

    def _lacking(self) -> str:
        import ray

        resources = ray.cluster_resources()
        share = self.settings.gpus_per_group
        needs = "1 CPU" + (f" and {share:g} GPU" if share else "")
        has = f"{resources.get('CPU', 0):g} CPUs and {resources.get('GPU', 0):g} GPUs on {len(ray.nodes())} nodes"
        return (
            f"--executor ray: a group needs {needs} on one node, and no node of this cluster has them ({has} in all); "
            "start nodes that do, or ask for other --gpus-per-group"
        )


class _Session:
    """Some jobs on their way through the cluster."""

    def __init__(self, executor: RayExecutor, waiting: Waiting, on_event: Callable[[Event], None], stop: Stop) -> None:
        self._executor, self._waiting, self._on_event, self._stop = executor, waiting, on_event, stop
        self._running: dict[Any, Job] = {}
        self._attempts: dict[str, int] = {}
        self._places: dict[str, str] = {}  # task to node, by Ray's numbers
        self._stopped = False
        self._had_room = time.monotonic()

    def run(self) -> None:
        import ray

        self._executor.check_room()
        self._executor.check_nodes()
        office = self._executor.office
        try:
            while self._waiting or self._running:
                if not self._stopped and (reason := self._stop()):
                    self._stopped = True
                    self._waiting.clear()
                    ray.get(office.stop.remote(reason))
                self._submit()
                done = self._wait()
                events, begun = ray.get(office.collect.remote())
                self._places.update(begun)
                for event in events:
                    self._on_event(event)
                for reference in done:
                    self._end(self._running.pop(reference), reference)
                for reference in self._cut_off():
                    self._died(self._running.pop(reference), "its node is not heard of any more")
        except BaseException:
            for reference in self._running:
                with suppress(ray.exceptions.RayError):
                    ray.cancel(reference, force=True)
            self._executor.close_office()  # what is still said there is nobody's any more
            raise

    def _submit(self) -> None:
        room = self._executor.room()
        if room:
            self._had_room = time.monotonic()
        elif time.monotonic() - self._had_room > PATIENCE_SECONDS:
            raise ConfigError(
                f"--executor ray: the cluster has had no node for these jobs for {PATIENCE_SECONDS:.0f} s; start nodes "
                "and give the same command again: it goes on"
            )
        while len(self._running) < room and (job := self._waiting.take()):
            self._running[self._executor.submit(job)] = job

    def _wait(self) -> list[Any]:
        import ray

        if not self._running:
            time.sleep(POLL_SECONDS if self._waiting else 0.0)
            return []
        done, _ = ray.wait(list(self._running), num_returns=1, timeout=POLL_SECONDS)
        return list(done)

    def _cut_off(self) -> list[Any]:
        """Tasks on nodes that the cluster has given up. Of one whose cable was pulled, so that nobody closed the
        connection, Ray itself says nothing for minutes.
        """
        import ray

        alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        return [task for task in self._running if self._places.get(task.task_id().hex(), "") not in {"", *alive}]

    def _end(self, job: Job, reference: Any) -> None:
        import ray

        from ablations.execution.executors.ray_worker import Refused

        try:
            done = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            self._lost(job, (str(error).strip().splitlines() or [type(error).__name__])[-1])
            return
        except ray.exceptions.RayError as error:
            self._died(job, f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}")
            return
        if isinstance(done, Refused):
            raise ConfigError(refusal(done))
        with tempfile.TemporaryDirectory(prefix="ablations-") as name:
            unpack(done.results, Path(name))
            job.unpack(Path(name))
        if done.printed:
            self._on_event(Printed(group=job.name, node=done.node, text=done.printed))
        for event in done.ended:
            self._on_event(event)
        self._waiting.release(job)

    def _died(self, job: Job, reason: str) -> None:
        """The worker or its node is gone: the job begins again, from its checkpoint where that is in reach."""
        self._attempts[job.name] = self._attempts.get(job.name, 0) + 1
        if self._stopped or self._attempts[job.name] > self._executor.settings.retries:
            self._lost(job, reason)
        else:
            self._waiting.put_back(job)

    def _lost(self, job: Job, reason: str) -> None:
        self._on_event(job.lost("interrupted" if self._stopped else "failed", reason))
        self._waiting.release(job)


def refusal(refused: Any) -> str:
    return f"--executor ray: the node {refused.node} must not do the jobs: {refused.problem}"
