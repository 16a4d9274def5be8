"""What holds in every test: repeatable, offline, without the parts that another one registered."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
import pytest
import torch

from ablations.config import own_parts
from ablations.config.parts import KINDS
from ablations.execution import costs, remembered

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


class NetworkUsed(AssertionError):
    """A test tried to leave this machine."""


@pytest.fixture(autouse=True)
def _global_generators() -> None:
    """Libraries that draw from the global generators do so repeatably, whichever tests ran before."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global generator is the one that libraries use
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def registries_restored() -> Iterator[None]:
    """Whatever a test registers, or reads from files, is gone after it."""
    parts = {kind: dict(registry._parts) for kind, registry in KINDS.items()}
    read = dict(own_parts._loaded)
    yield
    for kind, before in parts.items():
        KINDS[kind]._parts = before
    own_parts._loaded.clear()
    own_parts._loaded.update(read)


@pytest.fixture(autouse=True, scope="session")
def _no_mirror() -> Iterator[None]:
    """Commands write no mirror, which would cost seconds each, unless a test asks for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABLATIONS_MIRROR", "none")
        patch.delenv("ABLATIONS_STORE", raising=False)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """References are computed by the code under test, not read from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABLATIONS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _nothing_remembered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Plans know what these tests found out, and neither read nor write the user's cache folder."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "answers_folder", lambda: folder / "answers")
        patch.setattr(costs, "place_here", lambda: folder / "costs.json")
        yield


@pytest.fixture(autouse=True, scope="session")
def _offline() -> Iterator[None]:
    """Sockets of the test process reach this machine only."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        refuse_remote(address)
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        refuse_remote(address)
        return connect_ex(self, address)

    def checked_resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        refuse_remote((host,))
        return resolve(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked_connect)
        patch.setattr(socket.socket, "connect_ex", checked_connect_ex)
        patch.setattr(socket, "getaddrinfo", checked_resolve)
        yield


def refuse_remote(address: Any) -> None:
    """Raise unless `address` is of this machine: a Unix socket's path, or a tuple (host, port, ...) on loopback."""
    host = address[0] if isinstance(address, tuple) else None
    if host in (None, "", "localhost", socket.gethostname()):
        return
    try:
        local = ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        local = False
    if not local:
        raise NetworkUsed(f"a test tried to reach {host!r}")
