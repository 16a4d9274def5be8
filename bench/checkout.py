"""Another revision of this repository, beside the working tree."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ablations.config.errors import UserError


class CheckoutError(UserError):
    """There is nothing to compare with."""


@contextmanager
def checked_out(repository: Path, revision: str, *folders: str) -> Iterator[Path]:
    """These folders of a revision in a temporary one.

    Raises:
        CheckoutError: git does not know the revision, or it lacks a folder.
    """
    archive = subprocess.run(
        ["git", "-C", str(repository), "archive", "--format=tar", revision, *folders], capture_output=True, check=False
    )
    if archive.returncode:
        raise CheckoutError(f"nothing to compare with in revision {revision!r}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="ablations-revision-") as folder, io.BytesIO(archive.stdout) as data:
        with tarfile.open(fileobj=data) as tar:
            # Python 3.11.3 and older have no filter; what git packed of this repository needs none.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(folder)
        yield Path(folder).resolve()
