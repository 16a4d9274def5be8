"""The tests themselves: none reaches beyond this machine."""

from __future__ import annotations

import socket
import urllib.request

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.invalid"])
def test_another_machine_is_refused(host: str) -> None:
    with pytest.raises(AssertionError, match="tried to reach"):
        socket.create_connection((host, 80), timeout=1)


def test_a_library_that_downloads_is_refused() -> None:
    with pytest.raises(AssertionError, match="tried to reach"):
        urllib.request.urlopen("http://example.invalid/", timeout=1)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
