"""Source text of a user's own."""

from __future__ import annotations

from pathlib import Path

LOSS = """
from ablations.config.parts import register
register("loss", "{name}", None, outputs=("sigmoid",))
"""


def write(folder: Path, text: str, name: str = "my_parts.py") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)
