"""Write docs/settings.md, the keys of a study file, from the classes that read it: `python -m tests.settings_page`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ablations.config import Contrast, Study, Variant
from ablations.config.variant import Latent, Loss, Network, Optimizer, Update

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
HEAD = """# The keys of a study file

Written by `python -m tests.settings_page` from the classes in `ablations/config` that read such a file. A key without a
usual value must be said, unless nothing is one. A variant with a `base` takes from there what it does not say itself.
Settings are nested or dotted in a study file, `generator.hidden = [400]`, and dotted with `--set`. Names of parts are
those of `ablations list`. The tables `axes`, `one_factor`, `ladder` and `cross`, and the keys of a claim, are described
under [studies](studies.md).
"""
TABLES: Mapping[str, tuple[type, str]] = {
    "The study": (Study, ""),
    "A contrast, of `contrasts`": (Contrast, ""),
    "A variant, of `variants`": (Variant, ""),
    "Its latents": (Latent, "latent."),
    "Its networks": (Network, "generator."),
    "Its loss": (Loss, "loss."),
    "Its optimizers": (Optimizer, "generator_optimizer."),
    "Its iteration": (Update, "update."),
}
BOTH = {"generator.": "discriminator.", "generator_optimizer.": "discriminator_optimizer."}
"""What has the same keys."""
LEFT_OUT = {"own_parts", "recipe"}
"""Filled in, or a label of the built-in ones."""


def page() -> str:
    return "\n".join([HEAD, *(line for title, (kind, prefix) in TABLES.items() for line in table(title, kind, prefix))])


def table(title: str, kind: type, prefix: str) -> Iterator[str]:
    about = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    both = f" The same keys stand under `{BOTH[prefix][:-1]}`." if prefix in BOTH else ""
    yield from (f"## {title}", "", about + both, "", "| key | usual | what it says |", "| --- | --- | --- |")
    said, prefixes = docstrings(kind), [prefix for _, prefix in TABLES.values()] + [*BOTH.values()]
    for field in dataclasses.fields(kind):
        if field.name not in LEFT_OUT and f"{field.name}." not in prefixes:
            words = said.get(field.name, "").replace("|", "\\|")
            yield f"| `{prefix}{field.name}` | {usual(field)} | {choices(kind, field.name)}{words} |"
    yield ""


def docstrings(kind: type) -> dict[str, str]:
    """What stands below each field of a class."""
    [tree] = ast.parse(inspect.cleandoc(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for line, following in zip(tree.body, tree.body[1:], strict=False):
        match line, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def usual(field: dataclasses.Field[Any]) -> str:
    """The default; nothing where there is none, or where it is a table of its own."""
    if field.default is dataclasses.MISSING or not isinstance(field.default, str | int | float | tuple):
        return ""
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def choices(kind: type, name: str) -> str:
    """The values that a field of few may have."""
    written = str(kind.__annotations__[name])
    if not written.startswith("Literal["):
        return ""
    return " or ".join(f"`{value}`" for value in ast.literal_eval(f"({written[8:-1]},)")) + ". "


if __name__ == "__main__":
    PAGE.write_text(page())
