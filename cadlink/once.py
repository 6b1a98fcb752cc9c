"""Attributes computed once, without a lock.

``functools.cached_property`` holds a lock of the whole class before Python 3.12.  A process that
forks while another thread is inside leaves the child with a lock that nobody will ever release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["cached_property"]

T = TypeVar("T")


class cached_property(Generic[T]):
    """A property whose value is kept in the instance; two threads may both compute it.

    >>> class Circle:
    ...     @cached_property
    ...     def area(self):
    ...         return object()
    >>> circle = Circle()
    >>> circle.area is circle.area
    True
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object, owner: type) -> T | cached_property[T]:
        if instance is None:
            return self
        value = self.function(instance)
        # Beside any __setattr__ of a frozen class; from now on Python finds this value first.
        vars(instance)[self.name] = value
        return value
