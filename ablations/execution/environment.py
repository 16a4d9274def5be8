"""Where a run happened, as facts of text, and the digest of the source that decides its bits. No torch of its own."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ablations.config.errors import DataError

PACKAGE = Path(__file__).resolve().parents[1]

DISTRIBUTIONS = ("gan-ablations", "torch", "numpy", "scipy", "mlflow", "safetensors")


def environment(device: str = "cpu") -> dict[str, str]:
    """Facts that explain why a run on another machine may differ, in a fixed order. Neither host nor user is named.

    `device` is "cpu" or "cuda". What only torch knows (threads, instruction set, GPU) is stated where torch is loaded
    already; this function never imports it.
    """
    facts = dict(_checkout(PACKAGE.parent))
    facts |= {f"version.{name}": version for name in DISTRIBUTIONS if (version := _version(name))}
    facts["python"] = f"{platform.python_implementation()} {platform.python_version()}"
    facts["platform"] = platform.platform()
    facts["cpu"] = cpu_model()
    facts["cpu_count"] = str(os.cpu_count() or 1)
    facts["device"] = device
    facts |= _torch_facts(device)
    facts["command"] = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else ""
    return facts


def source_digest(modules: Sequence[str | Path]) -> str:
    """SHA-256 over the code of `modules`, in any order; comments, docstrings and layout do not count.

    A module is a name within `ablations` (a file or a sub-package, whose files all count), or the path of a file. The
    same code has the same digest under every Python version whose grammar reads it alike.

    Raises:
        DataError: a module that does not exist or cannot be parsed.
    """
    sha = hashlib.sha256()
    for name, path in sorted(pair for module in modules for pair in _files(module)):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(
                f"cannot read the module {path} ({error}); restore it or install the project again"
            ) from error
        sha.update(f"{name}\n{_canonical(tree)}\n".encode())
    return sha.hexdigest()


@functools.cache
def cpu_model() -> str:
    """The processor's name as the operating system gives it, such as "AMD EPYC 7B13"."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model", "cpu model"):
                return value.strip()
    except OSError:
        pass  # not Linux
    if sys.platform == "darwin" and (brand := _output("sysctl", "-n", "machdep.cpu.brand_string")):
        return brand
    return platform.processor() or platform.machine()


@functools.cache
def _checkout(root: Path) -> tuple[tuple[str, str], ...]:
    """Commit, and whether the package differs from it, if `root` is a checkout of this project; asked once."""
    if not (root / ".git").exists():
        return ()
    commit = _output("git", "-C", str(root), "rev-parse", "HEAD")
    if not commit:
        return ()
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--", PACKAGE.name)
    state = "unknown" if changed is None else ("dirty" if changed else "clean")
    return (("git_commit", commit), ("git_state", state))


def _output(*command: str) -> str | None:
    """What a command prints, or None where it is missing, hangs or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch_facts(device: str) -> dict[str, str]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {"threads": os.environ.get("OMP_NUM_THREADS", "default")}
    facts = {
        "threads": str(torch.get_num_threads()),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()).lower(),
    }
    if device.startswith("cuda") and torch.cuda.is_available():
        facts |= {
            "gpu": torch.cuda.get_device_name(torch.device(device)),
            "cuda": str(torch.version.cuda),
            "cudnn": str(torch.backends.cudnn.version()),
            "tf32": str(torch.backends.cuda.matmul.allow_tf32).lower(),
        }
    return facts


def _files(module: str | Path) -> Iterator[tuple[str, Path]]:
    """A module's files, each with the name that it has in the digest whatever the folder it is installed in."""
    if isinstance(module, Path):
        yield module.name, module
        return
    folder = PACKAGE.joinpath(*module.split("."))
    if not folder.is_dir():
        yield module, folder.with_suffix(".py")
        return
    for path in folder.rglob("*.py"):
        yield f"{module}.{path.relative_to(folder).with_suffix('').as_posix()}", path


def _canonical(node: Any) -> str:
    """A syntax tree as text. `ast.dump` is not used: what it prints of empty fields changed between Python versions."""
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if not _empty(value))
        return f"{type(node).__name__}({','.join(f'{name}={_canonical(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{','.join(_canonical(item) for item in _code(node))}]"
    return repr(node)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, list) and not value)


def _code(nodes: Iterable[Any]) -> Iterator[Any]:
    """Without bare strings: docstrings of modules, classes and functions, and the ones below a field."""
    for node in nodes:
        if not (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        ):
            yield node
