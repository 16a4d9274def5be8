"""A process is held to an instruction set before its libraries choose, and they say that they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ablations.config.errors import ConfigError
from ablations.training import instruction_set
from ablations.training.instruction_set import (
    INSTRUCTION_SETS,
    VARIABLES,
    check_processor,
    default_instruction_set,
    environment_of,
    held,
    hold,
    lacking,
    observed,
)

HASWELL = frozenset(["fpu", "avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "abm"])
SKYLAKE = HASWELL | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def in_a_new_process(program: str, **variables: str) -> str:
    """What a program prints in a process that has loaded nothing yet."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | variables
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["avx2", "avx512"])
def test_every_library_says_what_it_was_held_to(name: str) -> None:
    if missing := lacking(name):
        pytest.skip(f"this processor lacks {', '.join(missing)}")
    program = f"""
import json
from ablations.training.instruction_set import check_observed, held, hold
hold({name!r})
assert held() == {name!r}
print("before", flush=True)
print(json.dumps(check_observed({name!r})))
"""
    before, said = in_a_new_process(program).splitlines()
    assert before == "before"  # what the libraries print is turned aside, what others print is not
    assert json.loads(said) == dict(INSTRUCTION_SETS[name].said)


def test_a_library_that_says_something_else_is_found_out() -> None:
    if lacking("avx2"):
        pytest.skip("this processor has no AVX2")
    program = """
import os
from ablations.config.errors import ConfigError
from ablations.training.instruction_set import check_observed, hold
hold("avx2")
os.environ["MKL_CBWR"] = "AUTO"
try:
    check_observed("avx2")
except ConfigError as error:
    print(error)
"""
    assert "mkl says 'AUTO', not 'COMPATIBLE'" in in_a_new_process(program)


def test_it_is_too_late_once_a_library_is_loaded() -> None:
    observed()
    with pytest.raises(RuntimeError, match="chose their kernels when they were imported"):
        hold(next(name for name in ("avx2", "native") if name != held() and not lacking(name)))


def test_what_holds_already_need_not_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    assert held() == "native"
    hold("native")
    for variable, value in INSTRUCTION_SETS["avx2"].variables.items():
        assert held() != "avx2"
        monkeypatch.setenv(variable, value)
    assert held() == "avx2"


def test_a_processor_that_cannot_is_refused_and_the_other_sets_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruction_set, "processor_flags", lambda: HASWELL)
    check_processor("avx2")
    with pytest.raises(ConfigError, match=r"lacks avx512bw, .*; take --isa avx2 or --isa native"):
        hold("avx512")
    with pytest.raises(ConfigError, match="did you mean 'avx512'"):
        hold("avx521")


@pytest.mark.parametrize(
    ("flags", "name"), [(SKYLAKE, "avx512"), (HASWELL, "avx2"), (HASWELL - {"fma"}, "native"), (frozenset(), "native")]
)
def test_the_default_is_the_best_that_the_processor_can_do(
    flags: frozenset[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruction_set, "processor_flags", lambda: flags)
    assert default_instruction_set() == name


def test_every_set_settles_every_variable() -> None:
    for name, item in INSTRUCTION_SETS.items():
        wanted = environment_of(name)
        assert tuple(wanted) == VARIABLES
        assert {variable: value for variable, value in wanted.items() if value is not None} == dict(item.variables)
