"""What is never told: the password that may stand in an address."""

from __future__ import annotations

import re

_LOGIN = re.compile(r"//([^/@:\s]*):[^/\s]*@")


def without_secret(text: str) -> str:
    """The text with *** in the place of the password of every address in it, such as postgresql://user:***@host/db."""
    return _LOGIN.sub(r"//\1:***@", text)
