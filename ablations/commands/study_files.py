"""A study by its name in the catalog, or from a file of data that the user wrote."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ablations.catalog import BASELINE, FACE_RECIPES, RECIPES, STUDIES, Axis
from ablations.catalog.claims.answerable import check_answerable
from ablations.commands.study_tables import TABLES, axes_of, expanded
from ablations.config import Study, Variant
from ablations.config.errors import ConfigError, UserError, unknown
from ablations.config.overrides import flatten

SEARCH = "search"
"""The table of a study file that only `ablations search` reads."""
SPACES = ("space", "fix")
BASES = {**RECIPES, **FACE_RECIPES, BASELINE.name: BASELINE}
"""What a variant of a study file may start from."""
Said = Variant | Mapping[str, Any]
"""A variant, or what a file says of one."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON; raises `ValueError` where it has a key twice, as TOML does: the first would be lost."""
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is said {keys.count(twice)} times in one table; keep one")
    return table


FORMATS: Mapping[str, Callable[[str], Any]] = {
    ".json": partial(json.loads, object_pairs_hook=_once),
    ".toml": tomllib.loads,
}


def find_study(name: str) -> Study:
    """The study `name` of the catalog, or of the .json or .toml file of that path.

    Raises:
        ConfigError: an unknown name (with the nearest valid one), or a file that does not describe a study.
    """
    if Path(name).suffix in FORMATS:
        return read_study(Path(name))
    if name not in STUDIES:
        raise unknown("study", name, STUDIES, also="or the path of a .json or .toml file")
    return STUDIES[name]


def stored_name(said: str) -> str:
    """What a stored study is called: its name, or that in its file, of which no more is read.

    Raises:
        ConfigError: a file that has no name.
    """
    if Path(said).suffix not in FORMATS:
        return said
    name = _read(Path(said)).get("name")
    if not isinstance(name, str):
        raise ConfigError(f"the study file {said} says no name")
    return name


def read_study(path: Path) -> Study:
    """A study from a file of plain data; nothing in it is executed.

    A variant may say `"base": "s3"`: it then starts from that recipe, from the baseline, or from a variant that stands
    before it in the file, and its other keys, nested or dotted, replace settings of it. The tables `one_factor`,
    `ladder` and `cross` stand for many variants: see `study_tables`.
    """
    tree = _read(path)
    try:
        tree = {key: value for key, value in tree.items() if key != SEARCH}
        variants = tree.get("variants", [])
        if not isinstance(variants, list) or not all(isinstance(item, Mapping) for item in variants):
            raise ConfigError('"variants" must be a list of mappings')
        before: dict[str, Said] = {}
        written = [_complete(item, before) for item in variants]
        combined, asked = expanded(tree, partial(_base, before=before))
        own = {key: value for key, value in tree.items() if key not in TABLES}
        contrasts = own.get("contrasts", [])
        if not isinstance(contrasts, list):
            raise ConfigError('"contrasts" must be a list of mappings')
        own["variants"] = [*written, *combined]
        study = Study.from_dict({**own, "contrasts": [*contrasts, *asked]})
        check_answerable(study)
        if STUDIES.get(study.name, study) != study:
            raise ConfigError(f"{study.name!r} is a study of the catalog, whose place it would take: name it otherwise")
        return study
    except UserError as error:
        raise ConfigError(f"the study file {path}: {error}") from error


def read_axes(path: Path) -> Mapping[str, Axis]:
    """The catalog's axes, and those of a study file's table `axes`.

    Raises:
        ConfigError: the table does not describe axes.
    """
    tree = _read(path)
    try:
        return axes_of(tree)
    except UserError as error:
        raise ConfigError(f"the study file {path}: {error}") from error


def read_search(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The table `search` of a study file: `space` and `fix`, as `ablations search` takes them; empty without one.

    Raises:
        ConfigError: it holds anything else.
    """
    table = _read(path).get(SEARCH, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"the study file {path}: {SEARCH!r} must be a table of {' and '.join(SPACES)}")
    for key, value in table.items():
        if key not in SPACES:
            raise unknown(f"key of the table {SEARCH!r} in {path}:", key, SPACES)
        if not isinstance(value, Mapping):
            raise ConfigError(f"the study file {path}: {SEARCH}.{key} must map settings to values, not {value!r}")
    return {key: dict(flatten(value)) for key, value in table.items()}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        tree = FORMATS[path.suffix](path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the study file {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the study file {path} is not valid {path.suffix[1:].upper()}: {error}") from error
    except KeyError:
        raise ConfigError(f"the study file {path} must be named *.json or *.toml") from None
    if not isinstance(tree, Mapping):
        raise ConfigError(f"the study file {path}: a study is a mapping of settings, not {type(tree).__name__}")
    return tree


def _complete(entry: Mapping[str, Any], before: dict[str, Said]) -> Said:
    """A variant that starts from a base; else what is said, which may be a whole one. `before` are those of the file
    that stand before it, and then it too.
    """
    found: Said = entry
    if "base" in entry:
        overrides = dict(flatten({key: value for key, value in entry.items() if key not in ("base", "name")}))
        found = _base(entry["base"], before).override(overrides, name=entry.get("name"))
    if isinstance(name := entry.get("name"), str):
        before.setdefault(name, found)
    return found


def _base(said: Any, before: dict[str, Said]) -> Variant:
    """A recipe or the baseline by its name, a variant of the file that has none of these, or a variant of one."""
    known = {**before, **BASES}
    if isinstance(said, str) and said in known:
        found = known[said]
    elif isinstance(said, Mapping):
        found = _complete(said, dict(before))
    else:
        raise unknown("base", said, known)
    return found if isinstance(found, Variant) else Variant.from_dict(found)
