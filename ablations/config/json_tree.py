"""Values as JSON can hold them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any


def json_tree(value: Any) -> Any:
    """Dataclasses as objects, tuples as lists, and null for a number that is not finite: JSON has none of them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_tree(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: json_tree(item) for name, item in value.items()}
    return [json_tree(item) for item in value] if isinstance(value, tuple | list) else value
