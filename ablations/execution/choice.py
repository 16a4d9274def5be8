"""Which executor does the jobs, and what must hold wherever they are done."""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import ablations
from ablations.config import Engine, own_parts
from ablations.config.errors import ConfigError, UserError
from ablations.config.origin import Origin
from ablations.execution.executors import Executor, Settings, make_executor
from ablations.training.engine import choose_engine, default_workers, set_up
from ablations.training.instruction_set import VARIABLES, environment_of
from ablations.training.numerics import NUMERICS

LIBRARIES = ("torch", "numpy")
"""Beside the package itself: another version of them may have other bits."""


@dataclass(frozen=True, kw_only=True)
class ExecutorOptions:
    """What the user says of it."""

    name: str | None = None
    """None: processes, or this process where one worker is asked for."""
    address: str = "auto"
    """Of a Ray cluster: that of this machine (`auto`), HOST:PORT, or one started for the command (`local`)."""
    gpus_per_group: float | None = None
    """Of a GPU, for each group; None: a whole one where the device is a GPU."""
    retries: int = 1
    """How often a group is begun again whose worker or node dies."""

    def engine(
        self, device: str, precision: Literal["float32", "bfloat16"] = "float32", isa: str | None = None
    ) -> Engine:
        """The engine of the runs: of this machine, or of a cluster's GPUs where a share of them is asked for.

        Raises:
            ConfigError: what `choose_engine` raises; a share of a GPU for the CPU.
        """
        if self.gpus_per_group is None:
            return choose_engine(device, precision, isa, in_workers=self.name == "processes")
        if self.name != "ray" or device == "cpu":
            raise ConfigError("--gpus-per-group is for --executor ray with --device cuda or auto")
        if self.gpus_per_group > 1 and not self.gpus_per_group.is_integer():
            raise ConfigError(
                f"--gpus-per-group {self.gpus_per_group:g}: a group has a share of one GPU, such as 0.5, or whole ones"
            )
        return choose_engine("cuda", precision, isa, elsewhere=True)

    def chosen(self, workers: int | None) -> str:
        """The name of the executor, for so many workers as the user asked for.

        Raises:
            ConfigError: several workers for this process alone; an address where no cluster is asked for.
        """
        if self.name == "serial" and (workers or 1) > 1:
            raise ConfigError(f"--executor serial does one group after the other: leave out --workers {workers}, or it")
        if self.address != "auto" and self.name != "ray":
            raise ConfigError(f"--address {self.address} is of a Ray cluster: give --executor ray with it")
        return self.name or ("serial" if workers == 1 else "processes")

    def settings(self, engine: Engine, workers: int | None, requirement: NodeCheck | None = None) -> Settings:
        on_gpu = engine.device == "cuda"
        here = self.chosen(workers) != "ray"
        share = self.gpus_per_group if self.gpus_per_group is not None else 1.0
        isa = environment_of(engine.isa) if not on_gpu else {}
        return Settings(
            workers=workers or (default_workers(engine) if here else None),
            gpus=tuple(range(default_workers(engine))) if on_gpu and here else (),
            gpus_per_group=share if on_gpu else 0.0,
            address=self.address,
            retries=self.retries,
            variables={name: isa[name] for name in VARIABLES if name in isa},
            requirement=requirement,
        )


BY_THE_MACHINE = ExecutorOptions()
"""Nothing said."""


@dataclass(frozen=True, kw_only=True)
class NodeCheck:
    """What must hold on every node: the same code, the same libraries, an engine that it has, the same data."""

    engine: Engine
    versions: tuple[tuple[str, str], ...]
    numerics: int = NUMERICS
    dataset: str | None = None
    """None: the jobs look for themselves."""
    split: str = "whole"
    data_digest: str = ""
    data_folder: Path | None = None
    parts: tuple[Origin, ...] = ()
    """The user's sources that the dataset needs."""

    def problem(self) -> str | None:
        """Loads the data, which the jobs then find in memory."""
        for (name, wanted), (_, here) in zip(self.versions, versions(), strict=True):
            if here != wanted:
                return f"it has {name} {here}, not {wanted}; install the same version on every node"
        if self.numerics != NUMERICS:
            return f"its code has the numerics {NUMERICS}, not {self.numerics}; install the same code on every node"
        try:
            if self.engine.device == "cpu":
                set_up(self.engine)
            if self.dataset is None:
                return None
            own_parts.ensure(own_parts.sent(self.parts))
            from ablations.data.splits import load_split  # imports torch

            _, digest = load_split(self.dataset, self.split, folder_in_reach(self.data_folder))
        except UserError as error:
            return str(error)
        if digest != self.data_digest:
            return (
                f"its dataset {self.dataset!r} is another one (digest {digest[:12]}, not {self.data_digest[:12]}); "
                "copy the data folder there, or name it with ABLATIONS_DATA before `ray start`"
            )
        return None


@functools.cache
def versions() -> tuple[tuple[str, str], ...]:
    """Of what makes the bits, here."""
    return (
        ("gan-ablations", ablations.__version__),
        *((name, importlib.metadata.version(name)) for name in LIBRARIES),
    )


def folder_in_reach(data_folder: Path | None) -> Path | None:
    """Where a machine finds its data: the folder that was named, or, where it has no such folder, its own."""
    return data_folder if data_folder is not None and data_folder.is_dir() else None


def choose_executor(
    options: ExecutorOptions, engine: Engine, workers: int | None, requirement: NodeCheck | None = None
) -> Executor:
    """Raises `ConfigError` for an unknown executor."""
    return make_executor(options.chosen(workers), options.settings(engine, workers, requirement))


@functools.cache
def capacity(options: ExecutorOptions, engine: Engine, workers: int | None) -> int:
    """How many groups are trained at once; a cluster is asked once a process.

    Raises:
        ConfigError: the cluster is not in reach, or lacks what a group needs.
    """
    return choose_executor(options, engine, workers).capacity
