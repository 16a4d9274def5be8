"""Where a run happened, as facts of text. No torch of its own."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

from ablations.config.secrets import without_secret

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
    facts["command"] = without_secret(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])) if sys.argv else ""
    return facts


@functools.cache
def cpu_model() -> str:
    """The processor's name as the operating system gives it, such as "AMD EPYC 7B13, family 25, model 1": a virtual
    machine's name is often that of many kinds.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []  # not Linux
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    for key in ("model name", "Model", "cpu model"):
        if key in found:
            kind = [f"{word} {found[of]}" for word, of in (("family", "cpu family"), ("model", "model")) if of in found]
            return ", ".join([found[key], *kind])
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
            "cudnn_tf32": str(torch.backends.cudnn.allow_tf32).lower(),
            "cudnn_deterministic": str(torch.backends.cudnn.deterministic).lower(),
        }
    return facts
