"""Paths as a user writes them."""

from __future__ import annotations

from pathlib import Path

from ablations.config.errors import ConfigError


def with_home(said: str | Path) -> Path:
    """The path, with the home folder that a `~` at its beginning stands for.

    Raises:
        ConfigError: nobody here has that name, or a home folder.
    """
    path = Path(said)
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"{said}: there is no home folder {path.parts[0]} here; write the whole path, or ./{said} for what is "
            "called so"
        ) from error
