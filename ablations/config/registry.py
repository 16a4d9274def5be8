"""Registries: the parts of one kind by name, each with what it states about itself and where its builder stands.

A registry is open: `register` makes a name valid wherever a variant may say it. No torch: a builder is named as
"module:attribute" and imported when it is asked for, or it is the object itself, as a user's own part hands it in.
"""

from __future__ import annotations

import dataclasses
import importlib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from ablations.config.errors import ConfigError, unknown
from ablations.config.origin import Origin


@dataclass(frozen=True, kw_only=True)
class Part:
    """What every part states. What its builder must be, the module of its kind in `ablations.parts` says."""

    builder: Any
    """The builder itself, or where it stands: "ablations.parts.losses:HINGE"."""
    settings: tuple[str, ...] = ()
    """The settings of a variant that it reads, by their last name."""
    origin: Origin | None = None
    """The user's source that registered it; None: it is built in."""
    line: int = 0
    """Of that source, where it was registered."""

    def load(self) -> Any:
        """The builder; raises `ImportError` or `AttributeError` where nothing stands at its address."""
        if not isinstance(self.builder, str):
            return self.builder
        module, _, attribute = self.builder.partition(":")
        return getattr(importlib.import_module(module), attribute)


P = TypeVar("P", bound=Part)


def _check_choice(contract: type[Part], fact: str, value: Any, what: str) -> None:
    """Raise `ConfigError` where a fact is one of several words, and `value` is none of them."""
    hint = typing.get_type_hints(contract)[fact]
    kinds = [hint, *typing.get_args(hint)]
    choices = [word for kind in kinds if typing.get_origin(kind) is Literal for word in typing.get_args(kind)]
    if choices and value not in choices and not (value is None and type(None) in kinds):
        raise unknown(what, value, filter(None, choices))


class Registry(Generic[P]):
    """The parts of one kind. Iterating gives the names, in the order in which they were registered."""

    def __init__(self, kind: str, contract: type[P], parts: Mapping[str, P]) -> None:
        self.kind = kind
        """As it stands in messages, such as "loss"."""
        self._contract = contract
        self._parts = dict(parts)

    def register(self, name: str, builder: Any, *, origin: Origin | None = None, line: int = 0, **facts: Any) -> P:
        """Add a part; `facts` are the fields of its kind's contract.

        Raises:
            ConfigError: the name is taken or is no name, or the kind has no such fact.
        """
        if name in self._parts:
            owner = self._parts[name].origin
            if owner is not None and origin is not None and not owner.place and owner.name == origin.name:
                self.remove(name)  # a notebook's cell, or a script's line, that is run again
                return self.register(name, builder, origin=origin, line=line, **facts)
            whose = "built in" if owner is None else f"registered already by {owner.name}"
            raise ConfigError(f"the {self.kind} {name!r} is {whose}; take another name")
        if not name.replace("-", "_").isidentifier():
            raise ConfigError(f"{name!r} is no name for a part: take letters, digits, _ and -, a letter first")
        fields = [
            field for field in dataclasses.fields(self._contract) if field.name not in ("builder", "origin", "line")
        ]
        for fact in facts:
            if fact not in {field.name for field in fields}:
                raise unknown(f"fact of the {self.kind} {name!r}:", fact, [field.name for field in fields])
            _check_choice(self._contract, fact, facts[fact], f"value of {fact} of the {self.kind} {name!r}:")
        missing = dataclasses.MISSING
        required = [field.name for field in fields if field.default is missing and field.default_factory is missing]
        for fact in required:
            if fact not in facts:
                raise ConfigError(f"the {self.kind} {name!r} lacks the fact {fact!r}")
        self._parts[name] = part = self._contract(builder=builder, origin=origin, line=line, **facts)
        return part

    def remove(self, name: str) -> None:
        del self._parts[name]

    def forget(self, origin: Origin) -> None:
        """Remove the parts of a source."""
        self._parts = {name: part for name, part in self._parts.items() if part.origin != origin}

    def get(self, name: str) -> P | None:
        """None where there is no such part."""
        return self._parts.get(name)

    def problem(self, name: object, where: str) -> str | None:
        """Why `name`, said at the setting `where`, is no part of this kind; None where it is one."""
        return None if name in self._parts else str(self._unknown(f"{self.kind} in {where}:", name))

    def _unknown(self, kind: str, name: object) -> ConfigError:
        return unknown(kind, name, self._parts, also="or a part of your own: name its file with --parts")

    def __getitem__(self, name: str) -> P:
        """Raises `ConfigError` for an unknown name, with the nearest valid one."""
        try:
            return self._parts[name]
        except KeyError:
            raise self._unknown(self.kind, name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
