"""What is never told: the password that may stand in an address."""

from __future__ import annotations

import re

_LOGIN = re.compile(r"//([^/@:\s]*):\S*@")
"""Up to the last @ of the word: a password may have any other sign."""
_QUERY = re.compile(r"([?&](?:password|passwd|pwd|token|secret)=)[^&\s]*", re.IGNORECASE)


def without_secret(text: str) -> str:
    """The text with *** in the place of the password of every address in it, such as postgresql://user:***@host/db."""
    return _QUERY.sub(r"\1***", _LOGIN.sub(r"//\1:***@", text))
