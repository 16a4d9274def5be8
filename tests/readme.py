"""Run the console blocks of README.md and of the pages in docs/, as `nox -s docs` does: small, offline, in a temporary
folder, README's first.

A command is a line that begins with "$ " in a console block. An `ablations` command runs as it is shown, with options
added that make it small; of a `nox` command it is checked that the session exists, since nox is what runs this. A block
"```json NAME" is a file that the commands after it find in their folder.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = {
    "run": ["--data", "digits", "--seeds", "1", "--steps", "4", "--evaluations", "1"],
    "sanity": ["--data", "digits", "--steps", "400"],
    "search": ["--data", "digits", "--trials", "2", "--steps", "9", "--seeds", "1", "--finalists", "1"],
    "tune-and-compare": ["--data", "digits", "--trials", "1", "--steps", "9", "--seeds", "1", "--final-seeds", "1"],
    "classifier": ["--data", "digits", "--epochs", "1"],
    "extractor": ["--data", "digits", "--epochs", "1"],
    "data": ["digits"],
    "doctor": ["--data", "digits"],
    "compare": ["--metric", "d_accuracy"],  # four steps teach nothing: both sides have collapsed
}
BEFORE = {"ablations verify --published": "ablations report quick --publish reports/published/quick"}
"""What makes the files that a command finds in a clone of the project."""


def main() -> int:
    # A shell starts what it puts into the background with Ctrl-C ignored, and every child would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    failed = []
    with tempfile.TemporaryDirectory() as name:
        for page in PAGES:
            print(page.relative_to(ROOT))
            for command in prepared(Path(name), page.read_text()):
                print(f"$ {command}", flush=True)
                start = time.perf_counter()
                problem = attempt(shlex.split(command), Path(name))
                print(f"  {problem or 'ok'}, {time.perf_counter() - start:.1f} s", flush=True)
                failed += [command] if problem else []
    print(f"{len(failed)} of the commands failed" if failed else "every command of README and of docs/ works")
    return 1 if failed else 0


def prepared(folder: Path, text: str) -> Iterator[str]:
    """The commands in order; files that stand between them are written to `folder` on the way."""
    for language, name, body in BLOCK.findall(text):
        if name:
            (folder / name).write_text(body)
        elif language == "console":
            yield from (line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ "))


def attempt(words: list[str], folder: Path) -> str:
    """What is wrong with a command; empty if nothing."""
    if "nox" in words:
        session = words[words.index("-s") + 1]
        defined = re.search(rf"^def {session}\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
        return "" if defined else f"no nox session {session!r}"
    if words[:2] == ["ablations", "ui"]:
        return serve(words, folder)
    for beginning, earlier in BEFORE.items():
        if " ".join(words).startswith(beginning) and (problem := attempt(earlier.split(), folder)):
            return f"{earlier}: {problem}"
    done = subprocess.run(small(words), cwd=folder, capture_output=True, text=True, check=False)
    return f"exit code {done.returncode}:\n{done.stdout}{done.stderr}" if done.returncode else ""


def small(words: list[str]) -> list[str]:
    """The same command, made small: a later option wins over an earlier one."""
    return words if words[:2] == ["ablations", "data"] and words[2:] else [*words, *SMALL.get(words[1], [])]


def serve(words: list[str], folder: Path) -> str:
    """Start a server on a free port, wait for its page, and stop it as Ctrl-C would."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "server.log").open("w+") as log:
        process = subprocess.Popen([*words, "--port", str(port)], cwd=folder, stdout=log, stderr=log)
        try:
            for _ in range(120):
                if answers(port):
                    return ""
                if process.poll() is not None:
                    break
                time.sleep(0.5)
            log.seek(0)
            return f"no page on port {port}:\n{log.read()}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    for variable in ("ABLATIONS_STORE", "ABLATIONS_MIRROR"):
        os.environ.pop(variable, None)
    sys.exit(main())
