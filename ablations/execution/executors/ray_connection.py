"""The way to a Ray cluster, or to one of this machine's own."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from ablations.config.errors import ConfigError
from ablations.config.machine import cores
from ablations.execution.executors.contract import Settings

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}
"""What Ray must find before it is imported: it reports to nobody."""
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Has Ray take 127.0.0.1 for the address of this machine, and so listen there alone, as it does on a desktop."""
OBJECT_STORE_BYTES = 100 * 2**20
"""Of a cluster started here; what does not fit goes to the disk."""
CONNECT_SECONDS = 5.0
REFUSED = "Failed to connect to Ray cluster"
"""How Ray begins what it says of a cluster that answers and then does not talk."""
SLOW, ATTEMPTS = "timed out during startup", 3
"""What Ray says of processes that were not up within half a minute, as on a busy machine; how often they may try."""


def connect(settings: Settings) -> bool:
    """Join the cluster at `settings.address`, or start one (`local`); False where this process has joined one already.

    Raises:
        ConfigError: Ray is not installed, there is no such cluster, or none could be started.
    """
    address = settings.address
    os.environ.update(QUIET | (LOOPBACK if address == "local" else {}))
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--executor ray needs Ray: pip install 'gan-ablations[cluster]'") from error
    if ray.is_initialized():
        return False
    own: dict[str, Any] = {}
    if address == "local":
        own = {"num_cpus": settings.workers or cores(), "object_store_memory": OBJECT_STORE_BYTES}
        own["include_dashboard"] = False
    elif address != "auto":
        check_reach(address)
    given = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False, **own}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(address=address, **given)
            return True
        except Exception as error:
            ray.shutdown()
            if address == "local" and SLOW in str(error) and attempt < ATTEMPTS:
                continue
            raise ConfigError(_why(address, error)) from error
    raise AssertionError("the last attempt returns or raises")


def _why(address: str, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or ["no answer"])[0]
    if address == "local":
        return (
            f"--address local: no Ray cluster could be started here: {reason}; try again when the machine is less "
            "busy, or take --executor processes"
        )
    if reason.startswith(REFUSED):
        return (
            f"--address {address}: {reason}: something answers there, but does not let this machine in; a cluster that "
            "asks for a token wants it in ~/.ray/auth_token here too, and RAY_AUTH_MODE=token where `ray start` joins"
        )
    return (
        f"--address {address}: no Ray cluster to join: {reason}; start one with `ray start --head`, or take "
        "--address local"
    )


def check_reach(address: str) -> None:
    """Raise `ConfigError` where nothing listens at HOST:PORT: Ray would try for minutes."""
    host, sign, port = address.rpartition(":")
    if not sign or not host or not port.isdecimal():
        raise ConfigError(f"--address {address} is neither auto, local nor HOST:PORT")
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"--address {address}: nothing answers there ({error}); `ray status` on the head says where it listens"
        ) from error
