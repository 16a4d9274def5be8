"""Where in its files a claim is written, and what its tests say there: read from the text, nothing is run. Pure."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PACKAGE = "ablations.catalog.claims"


@dataclass(frozen=True, order=True)
class Lines:
    """A part of a file, both ends included."""

    file: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """The text of one claim."""

    lines: tuple[Lines, ...]
    """Of its row and of everything of the claims' files that it is made with, but for what its `seen` is."""
    tests: Mapping[str, str]
    """The text of each test, and of each thing that tests are made with, without layout; to what it is called."""


def sources(files: Mapping[str, str]) -> dict[str, Source]:
    """Name of a claim to where it stands. `files` are names, such as `s0.py`, to their texts.

    Raises:
        SyntaxError: a text that is no Python.
    """
    trees = {name: ast.parse(text) for name, text in files.items()}
    places = {name: _definitions(tree) for name, tree in trees.items()}
    imports = {name: _imports(tree) for name, tree in trees.items()}

    def parts(file: str, node: ast.AST, seen: set[tuple[str, str]]) -> Iterator[tuple[str, str, ast.stmt]]:
        """What a piece of a file names of the claims' files, and what that names."""
        for name in dict.fromkeys(item.id for item in ast.walk(node) if isinstance(item, ast.Name)):
            origin, wanted = imports[file].get(name, (file, name))
            found = places.get(origin, {}).get(wanted)
            if found is not None and (origin, wanted) not in seen:
                seen.add((origin, wanted))
                yield origin, wanted, found
                yield from parts(origin, found, seen)

    made = {}
    for file, tree in trees.items():
        for call in _claims(tree):
            used = list(parts(file, _but_what_was_seen(call), set()))
            made[_name(call)] = Source(
                lines=tuple(sorted({_lines(file, call), *(_lines(origin, found) for origin, _, found in used)})),
                tests={ast.unparse(test): _called(test) for test in _tests(call)}
                | {_code(found): f"what {name} stands for" for _, name, found in used},
            )
    return made


def _claims(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Claim" and _name(node):
            yield node


def _but_what_was_seen(call: ast.Call) -> ast.Call:
    """The row without the remarks that are written after its runs, and decide nothing."""
    kept = [item for item in call.keywords if item.arg not in ("before", "in_short", "seen")]
    return ast.Call(func=call.func, args=call.args, keywords=kept)


def _name(call: ast.Call) -> str:
    value = next((item.value for item in call.keywords if item.arg == "name"), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _tests(call: ast.Call) -> list[ast.expr]:
    value = next((item.value for item in call.keywords if item.arg == "tests"), None)
    return list(value.elts) if isinstance(value, ast.Tuple) else [] if value is None else [value]


def _called(test: ast.expr) -> str:
    """The longest text in it, which is what the test says; else its code."""
    texts = [item.value for item in ast.walk(test) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return max((text.strip(" :") for text in texts), key=len, default=ast.unparse(test))


def _code(found: ast.stmt) -> str:
    """Without the docstring, which tests nothing."""
    if isinstance(found, ast.FunctionDef) and ast.get_docstring(found) is not None and len(found.body) > 1:
        found = copy.copy(found)
        found.body = found.body[1:]
    return ast.unparse(found)


def _definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            names = [item.id for target in node.targets for item in ast.walk(target) if isinstance(item, ast.Name)]
            found |= dict.fromkeys(names, node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    found.pop("CLAIMS", None)
    return found


def _imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """A name here to the claims' file that it comes from, and its name there."""
    return {
        alias.asname or alias.name: (f"{node.module.rpartition('.')[2]}.py", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{PACKAGE}.")
        for alias in node.names
    }


def _lines(file: str, node: ast.expr | ast.stmt) -> Lines:
    return Lines(file, node.lineno, node.end_lineno or node.lineno)
