"""Packages whose names are imported when they are first used (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["late"]


def late(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package with public names, given by the modules they stand in; the
    package's modules are found as well.

    >>> get = late("cadlink", {"cadlink.clock": ["Clock"]})
    >>> get("Clock").__name__, get("errors").__name__
    ('Clock', 'cadlink.errors')
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> Any:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        if not name.startswith("_"):
            module = f"{package}.{name}"
            try:
                return import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:  # something else is missing
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
