"""`ablations new STUDY`: write a commented study file to begin with."""

from __future__ import annotations

from pathlib import Path

import click

KINDS = ("explicit", "one-factor", "axes", "ladder", "crossed")
HEAD = """# A study: run it with   ablations run {file}
# What it would train:   ablations list {file}      (add --parts FILE where it names parts of your own)
name = "{name}"
title = "What is asked, as a title"
description = "What is compared, and why."
seeds = 5            # of each variant: 0, 1, ..., 4
evaluations = 4      # scores along the training, the last at its end
# reference_seeds = 10   # more for the variant that most contrasts are held against
"""
BASE = """# A base is a recipe (s0, s1, s1-first-attempt, s1-cnn, s2, s2-z10, s3, s4, s4-printed) or "baseline",
# with any settings changed; `ablations list --json` has them all.
"""
BODIES = {
    "explicit": """
{base}[[variants]]
name = "plain"
base = "baseline"
steps = 2000

[[variants]]
name = "wide"
base = "baseline"
steps = 2000
generator.hidden = [400]              # settings may be nested or dotted
# discriminator.architecture = "mine" # a network of your own, of a file named with --parts
# discriminator.settings.width = 64   # and a setting of its own

# A contrast asks whether one variant is better than another; `claims` may name what it speaks to.
[[contrasts]]
axis = "width"
question = "400 units in G instead of 200"
treatment = "wide"
reference = "plain"

# A claim is a sentence with tests of it; the report answers it: confirmed, refuted, depends or not shown.
[[claims]]
name = "wider"
text = "A wider G draws better digits, and D finds it harder to tell them from real ones."
rule = "as a whole"                   # all tests decide; or "every case", "some case"

[[claims.tests]]
says = "wide has the lower score at the end"
measure = {{ of = "wide" }}             # the score; or metric = "mode_count", and step = 1000
expect = "lower"                      # or "higher", "equal", "among"
against = {{ of = "plain" }}            # or a number

[[claims.tests]]
says = "D's loss in the last tenth of the training is higher with wide"
measure = {{ of = "wide", curve = "d_loss", start = 0.9 }}
expect = "higher"
against = {{ of = "plain", curve = "d_loss", start = 0.9 }}
""",
    "one-factor": """
# The base, and for each level the base with that one choice changed and a contrast against the base.
# `ablations list` shows the axes and their levels.
{base}[one_factor]
base = {{ base = "baseline", name = "baseline", steps = 2000 }}
loss = ["mse", "bce-logits"]
activation = ["sigmoid", "gelu"]
""",
    "axes": """
# Axes of your own, used in [one_factor], [ladder] and [cross] like those of `ablations list`.
[axes.width]
question = "How wide must G be?"

[axes.width.levels]
narrow = {{ generator.hidden = [50] }}
usual = {{ generator.hidden = [200] }}
wide = {{ generator.hidden = [800] }}

{base}[one_factor]
base = {{ base = "baseline", name = "baseline", steps = 2000 }}
width = ["narrow", "wide"]
loss = ["mse"]
""",
    "ladder": """
# From the base, one level after the other; each rung is asked against the one before.
{base}[ladder]
base = {{ base = "s1-first-attempt", name = "first", steps = 2000 }}
rungs = [["loss", "bce"], ["activation", "leaky-relu-0.02"], ["normalization", "layer-norm"], ["optimizer", "adam"]]
""",
    "crossed": """
# All combinations: the report has main effects and interactions. A variant is called "mse+sgd".
{base}[cross]
base = {{ base = "baseline", name = "baseline", steps = 2000 }}
loss = ["mse", "bce"]
optimizer = ["sgd", "adam-1e-3"]

[[contrasts]]
axis = "optimizer"
question = "Adam instead of SGD, with BCE"
treatment = "bce+adam-1e-3"
reference = "bce+sgd"
""",
}


def text(name: str, kind: str, file: str) -> str:
    """A study file of a kind."""
    return HEAD.format(name=name, file=file) + BODIES[kind].format(base=BASE)


@click.command("new")
@click.argument("study")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="explicit",
    show_default=True,
    help="Variants one by one; one factor at a time; the same with axes of your own; a ladder; all combinations.",
)
def command(study: str, kind: str) -> None:
    """Write STUDY.toml, a commented study file that runs as it is; nothing is overwritten."""
    from ablations.catalog import STUDIES
    from ablations.config.errors import ConfigError
    from ablations.config.rules import check_name

    path = Path(study if study.endswith(".toml") else f"{study}.toml")
    check_name("study", path.stem)
    if path.stem in STUDIES:
        raise ConfigError(f"{path.stem!r} is a study of the catalog, whose place it would take: name it otherwise")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text(path.stem, kind, str(path)))
    except FileExistsError:
        raise ConfigError(f"{path} exists already; take another name") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"{path}: look at it with  ablations list {path}  and run it with  ablations run {path}")
