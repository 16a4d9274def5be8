"""Products of bfloat16 operands on a CPU: weights, moments and sums in float32, and every promise about bits kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablations.catalog import AXES, BASELINE, RECIPES
from ablations.config import Engine, Variant
from ablations.config.digest import digest_of_arrays
from ablations.config.errors import ConfigError
from ablations.training import instruction_set
from ablations.training.engine import choose_engine
from ablations.training.instruction_set import check_precision, default_instruction_set, environment_of
from ablations.training.seed_group import SeedGroup
from tests.ablations.datasets import random_dataset
from tests.ablations.training import own_modules

ROOT = Path(__file__).resolve().parents[3]
DATA = random_dataset()
COARSE = Engine(precision="bfloat16")
SMALL = BASELINE.override(
    {"batch_size": 16, "generator.hidden": 32, "discriminator.hidden": 32, "training_images": 300}
)
CNN = AXES["architecture"].level("cnn").apply(SMALL)
VARIANTS = {
    "layer norm": SMALL,
    "dropout, conditional, tanh": SMALL.override(
        {"conditional": True, "discriminator.dropout": 0.2, "generator.dropout": 0.2, "generator.activation": "tanh"}
    ),
    "batch norm": RECIPES["s2"].override(
        {"batch_size": 16, "training_images": 300, "generator.hidden": "16,32", "discriminator.hidden": "32,16"}
    ),
    "cnn": CNN,
    "spectral, penalty": SMALL.override(
        {
            "loss.criterion": "hinge",
            "loss.penalty": "gradient_penalty",
            "discriminator.output": "logits",
            "discriminator.weight_norm": "spectral",
        }
    ),
    "batch of one": SMALL.override({"batch_size": 1, "update.discriminator": "two_steps"}),
}
ZEN4 = frozenset([*instruction_set.INSTRUCTION_SETS["avx512_bf16"].flags])
SKYLAKE = ZEN4 - {"avx512_bf16"}
SAPPHIRE_RAPIDS = frozenset([*instruction_set.INSTRUCTION_SETS["amx_bf16"].flags])


def trained(variant: Variant, seeds: tuple[int, ...], steps: int = 4, engine: Engine = COARSE) -> SeedGroup:
    group = SeedGroup(variant, seeds, DATA, engine)
    group.advance(steps)
    return group


def digests(group: SeedGroup) -> list[str]:
    return [digest_of_arrays(group.weights(slot)) for slot in range(len(group.seeds))]


@pytest.mark.parametrize("name", VARIANTS)
def test_it_trains_what_float32_trains_and_not_its_bits(name: str) -> None:
    coarse, exact = (trained(VARIANTS[name], (0, 1), engine=engine) for engine in (COARSE, Engine()))
    found, expected = coarse.take_curves(), exact.take_curves()
    assert not np.array_equal(found, expected)
    np.testing.assert_allclose(found, expected, rtol=0.15, atol=0.05)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_kept_is_float32(name: str) -> None:
    group = trained(VARIANTS[name], (0, 1), 2)
    kinds = {values.dtype for key, values in group.state().items()}
    assert kinds == {torch.float32}
    assert {values.dtype for values in group.weights(0).values()} == {np.dtype(np.float32)}
    assert group.take_curves().dtype == np.float32
    assert group.sample(0, 4).dtype == torch.float32


@pytest.mark.parametrize("name", VARIANTS)
def test_neighbours_do_not_matter(name: str) -> None:
    """In a stack of the same width: that is part of a run's identity, as it is in float32."""
    four = digests(trained(VARIANTS[name], (0, 1, 2)))
    assert digests(trained(VARIANTS[name], (0, 7, 2)))[::2] == four[::2]


@pytest.mark.parametrize("name", VARIANTS)
def test_it_goes_on_to_the_bit(name: str) -> None:
    whole = trained(VARIANTS[name], (0, 1), 3)
    state = whole.state()
    other = trained(VARIANTS[name], (0, 1), 1)
    other.load_state(state, 3)
    for group in (whole, other):
        group.advance(3)
    assert digests(other) == digests(whole)


def test_small_weights_are_not_lost_between_updates() -> None:
    """A step far below bfloat16's resolution of a weight still moves it: what is kept is not what is multiplied."""
    timid = SMALL.override({f"{side}_optimizer.learning_rate": 1e-6 for side in ("generator", "discriminator")})
    before, after = (trained(timid, (0,), steps).weights(0) for steps in (0, 20))
    moved = before["discriminator.hidden.0.weight"] != after["discriminator.hidden.0.weight"]
    assert moved.mean() > 0.9


@pytest.mark.parametrize("side", ["generator", "discriminator"])
def test_a_module_of_ones_own_is_trained_by_autocast(side: str) -> None:
    own_modules.enter()
    variant = SMALL.override({f"{side}.architecture": "dense"})
    coarse, exact = (trained(variant, (0, 1), 2, engine).take_curves() for engine in (COARSE, Engine()))
    assert not np.array_equal(coarse, exact)
    np.testing.assert_allclose(coarse, exact, rtol=0.15, atol=0.05)


def test_a_processor_without_the_units_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruction_set, "processor_flags", lambda: SKYLAKE)
    assert default_instruction_set("bfloat16") == "avx512"
    with pytest.raises(ConfigError, match=r"neither avx512_bf16 nor amx_bf16.*take --precision float32"):
        choose_engine("cpu", "bfloat16")


@pytest.mark.parametrize(("flags", "name"), [(ZEN4, "avx512_bf16"), (SAPPHIRE_RAPIDS, "amx_bf16")])
def test_the_units_of_the_processor_are_taken_only_when_asked(
    flags: frozenset[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruction_set, "processor_flags", lambda: flags)
    assert default_instruction_set("bfloat16") == name
    assert default_instruction_set() == "avx512"
    check_precision("bfloat16", name)
    with pytest.raises(ConfigError, match=f"needs --isa .*{name}.*, not --isa avx512"):
        check_precision("bfloat16", "avx512")
    check_precision("float32", name)  # what was trained so can be scored again there


def in_a_process_with_the_units(program: str) -> Any:
    """What a program prints as JSON in a process that is held to the best set with bfloat16 units."""
    name = default_instruction_set("bfloat16")
    if name not in ("avx512_bf16", "amx_bf16"):
        pytest.skip("this processor has no bfloat16 units")
    changed = environment_of(name)
    environment = {key: value for key, value in os.environ.items() if key not in changed}
    environment |= {key: value for key, value in changed.items() if value is not None}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def test_the_promises_hold_on_the_units_themselves() -> None:
    found = in_a_process_with_the_units("""
import json
from ablations.training.engine import choose_engine, set_up
from tests.ablations.training.test_bfloat16 import VARIANTS, digests, trained
engine = choose_engine("cpu", "bfloat16")
set_up(engine)
found = {}
for name, variant in VARIANTS.items():
    four = trained(variant, (0, 1, 2, 3), engine=engine)
    other = trained(variant, (5, 1, 6, 3), engine=engine)
    half = trained(variant, (0, 7, 2, 9), 3, engine=engine)
    again = trained(variant, (0, 7, 2, 9), 0, engine=engine)
    again.load_state(half.state(), 3)
    again.advance(1)
    found[name] = [digests(four), digests(other), digests(again)]
print(json.dumps({"isa": engine.isa, "matmul": engine.matmul, "found": found}))
""")
    assert (found["isa"], found["matmul"]) == (default_instruction_set("bfloat16"), "default")
    for four, other, again in found["found"].values():
        assert other[1::2] == four[1::2]
        assert again[::2] == four[::2]
