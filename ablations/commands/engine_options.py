"""What a command takes that decides the bits of a training: read before anything imports torch or NumPy."""

from __future__ import annotations

import click


def hold_to(context: click.Context, parameter: click.Parameter, name: str | None) -> str:
    """Hold this process, and those it starts, to an instruction set, before anything imports torch or NumPy."""
    from ablations.training.instruction_set import default_instruction_set, hold

    chosen = name or default_instruction_set(context.params.get("precision", "float32"))
    hold(chosen)
    return chosen


INSTRUCTION_SETS = ("avx512", "avx2", "native", "avx512_bf16", "amx_bf16")
isa_option = click.option(
    "--isa",
    is_eager=True,  # before own parts, which may import torch
    type=click.Choice(INSTRUCTION_SETS),
    callback=hold_to,
    help="The instruction set that all libraries are held to; part of what identifies a run.  [default: avx512 where "
    "the processor has it, else avx2; for bfloat16 the best of the last two]",
)
precision_option = click.option(
    "--precision",
    is_eager=True,  # the instruction set goes by it
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="Of the operands of products: bfloat16 needs a GPU, or a processor with units for it; part of what identifies "
    "a run. Weights, moments and sums are float32 either way.",
)
