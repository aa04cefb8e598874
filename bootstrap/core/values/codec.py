"""Named tuples to plain JSON values and back, by their type hints.

Serves the parsed-profile cache and `--save-state`/`--from-state`. Only the shapes that the state
and the profile use: named tuples, tuples, string-keyed mappings, enums, optionals, scalars.
"""

import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """`value` as JSON-ready dicts, lists and scalars."""
    if hasattr(value, "_fields"):
        return {name: to_plain(item) for name, item in value._asdict().items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """The `kind` that `to_plain` wrote. Raises ValueError on anything else."""
    try:
        return typing.cast(T, _read(kind, plain))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error


def _read(kind: Any, plain: Any) -> Any:
    if hasattr(kind, "_fields"):
        return _read_named(kind, plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return (
            None
            if plain is None
            else _read(next(a for a in arguments if a is not type(None)), plain)
        )
    if origin is tuple:
        items = plain if isinstance(plain, list) else _refuse(kind, plain)
        return tuple(_read(arguments[0], item) for item in items)
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): _read(arguments[1], item) for key, item in plain.items()}
    if kind is float and isinstance(plain, int):
        return float(plain)
    return plain if isinstance(plain, kind) else _refuse(kind, plain)


def _read_named(kind: Any, plain: Any) -> Any:
    hints = typing.get_type_hints(kind)
    unknown = set(plain) - set(hints)
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind(**{name: _read(hints[name], item) for name, item in plain.items()})


def _refuse(kind: Any, plain: Any) -> Any:
    raise ValueError(f"expected {getattr(kind, '__name__', kind)}, got {type(plain).__name__}")
