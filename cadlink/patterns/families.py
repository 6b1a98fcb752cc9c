"""Named patterns, built from a short text such as ``lu:3``; all layers are in forward order.

Whoever types a family's arguments wrongly gets an InputError that says what was expected; ``build``
adds what was typed and an example.  Nothing here makes a dense array: a family may be ten thousand
units wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy.sparse as sp

from cadlink.errors import InputError, quoted, shortened
from cadlink.patterns.kronecker import Factor, first_break, mask
from cadlink.patterns.pattern import MAX_EDGES, MAX_LAYERS, MAX_WIDTH, Pattern

__all__ = ["FAMILIES", "Family", "build"]

CHUNK = 2_000_000  # random numbers held at once


@dataclass(frozen=True)
class Family:
    """A family of patterns: its name, what it is, an example, and how it is built."""

    name: str
    meaning: str
    usage: str
    build: Callable[[str], Pattern]


def build(source: str) -> Pattern:
    """The pattern of ``name:arguments``; InputError when there is no such family or pattern.

    >>> build("lu:2").inline()
    '11/01;10/11'
    """
    name, _, arguments = source.partition(":")
    family = FAMILIES.get(name)
    if family is None:
        raise InputError(f"no family {quoted(name)}; expected one of {', '.join(FAMILIES)}", source)
    try:
        return family.build(arguments)
    except InputError as error:
        where = f"{name}:{shortened(arguments)}"
        raise InputError(f"{error}; an example: {family.usage}", where) from None


def lu(arguments: str) -> Pattern:
    """LU of size n: the first layer upper triangular, the second lower triangular.

    >>> lu("3").inline()
    '111/011/001;100/110/111'
    """
    size = _integer(arguments, "a size")
    _limit(size * (size + 1))
    counts = np.arange(1, size + 1)
    indptr = np.concatenate(([0], np.cumsum(counts)))
    indices = np.arange(indptr[-1]) - np.repeat(indptr[:-1], counts)
    lower = sp.csr_array((np.ones(indices.size, np.bool_), indices, indptr), (size, size))
    return Pattern.of([lower.T, lower])


def dense(arguments: str) -> Pattern:
    """Every unit joined to every unit of the next layer.

    >>> dense("2-1-3").inline()
    '11;1/1/1'
    """
    widths = _widths(arguments)
    _limit(_edges(widths))
    return Pattern.of([_full(rows, cols) for cols, rows in pairwise(widths)])


def butterfly(arguments: str) -> Pattern:
    """The fast Fourier transform's pattern: n = 2^L units, mask l joins units that differ in bit l.

    Unit i of layer l is joined to the units j of layer l - 1 with j = i or j = i xor 2^(l-1).

    >>> butterfly("4").inline()
    '1100/1100/0011/0011;1010/0101/1010/0101'
    """
    size = _integer(arguments, "a power of two, 2 or more,")
    if size < 2 or size & (size - 1):
        raise InputError(f"expected a power of two, found {size}")
    _limit(2 * size * (size.bit_length() - 1))
    unit = np.arange(size)
    layers = []
    for bit in range(size.bit_length() - 1):
        rows = np.concatenate((unit, unit))
        cols = np.concatenate((unit, unit ^ (1 << bit)))
        layers.append(_mask(rows, cols, (size, size)))
    return Pattern.of(layers)


def monarch(arguments: str) -> Pattern:
    """Monarch matrices: n = m^2 units, two block-diagonal factors with a permutation between.

    Unit i = a m + b (0 <= a, b < m).  The first mask joins units with equal a: block diagonal with
    m full blocks.  The second joins units with equal b: the same after the permutation that
    exchanges a and b on both sides.  Every output has exactly one path from every input.

    >>> monarch("4").inline()
    '1100/1100/0011/0011;1010/0101/1010/0101'
    """
    size = _integer(arguments, "a square, 1 or more,")
    side = math.isqrt(size)
    if side * side != size:
        raise InputError(f"expected a square, found {size}")
    _limit(2 * size * side)
    block, one = _full(side, side), sp.eye_array(side, format="csr", dtype=np.bool_)
    return Pattern.of([sp.kron(one, block, format="csr"), sp.kron(block, one, format="csr")])


def block(arguments: str) -> Pattern:
    """Dense chains side by side: every mask is block diagonal, block b of all masks one dense
    chain.

    The chains are separated by commas, each as its unit counts; all have the same number of layers.

    >>> block("2-1-1,1-1-2").inline()
    '110/001;10/01/01'
    """
    chains = [_widths(part) for part in arguments.split(",")]
    if len({len(chain) for chain in chains}) > 1:
        raise InputError("expected the same number of layers in every block")
    _limit(sum(_edges(chain) for chain in chains))
    layers = []
    for layer in range(len(chains[0]) - 1):
        parts = [_full(chain[layer + 1], chain[layer]) for chain in chains]
        layers.append(sp.block_diag(parts, format="csr"))
    return Pattern.of(layers)


def kronecker(arguments: str) -> Pattern:
    """Kronecker-sparse factors I_a (x) 1_{b x c} (x) I_d, as a,b,c,d, in forward order.

    >>> kronecker("2,2,2,1;1,2,2,2") == butterfly("4")
    True
    """
    return _of_factors(arguments)[1]


def chainable(arguments: str) -> Pattern:
    """The same, if neighbours are chainable (see kronecker.py); else an InputError says where not.

    >>> chainable("1,2,2,2;2,2,2,1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    cadlink.errors.InputError: factors 0 and 1 are not chainable: ...
    """
    factors, pattern = _of_factors(arguments)
    place = first_break(factors)
    if place is not None:
        (a, _, _, d), (e, _, g, h) = factors[place], factors[place + 1]
        raise InputError(
            f"factors {place} and {place + 1} are not chainable: expected {e} to divide {a}, {d} to"
            f" divide {h}, and {a} to divide {e}*{g}; kronecker:... takes any that fit"
        )
    return pattern


def _of_factors(arguments: str) -> tuple[list[Factor], Pattern]:
    """The quadruples of a text, and their masks."""
    factors: list[Factor] = []
    given = arguments.split(";")
    if len(given) > MAX_LAYERS:
        raise InputError(f"expected at most {MAX_LAYERS} factors, found {len(given)}")
    for place, text in enumerate(given):
        numbers = [_integer(part, "four sizes, each 1 or more,") for part in text.split(",")]
        if len(numbers) != 4:
            raise InputError(f"factor {place}: expected a,b,c,d, found {quoted(text)}")
        factor = Factor(*numbers)
        if max(factor.rows, factor.cols) > MAX_WIDTH:
            raise InputError(f"factor {place}: expected at most {MAX_WIDTH} units")
        if factors and factors[-1].rows != factor.cols:
            raise InputError(
                f"factor {place}: expected {factors[-1].rows} columns (a*c*d), one per row (a*b*d)"
                f" of factor {place - 1}, found {factor.cols}"
            )
        factors.append(factor)
        _limit(sum(one.nnz for one in factors))
    return factors, Pattern.of([mask(factor) for factor in factors])


def n_of_m(arguments: str) -> Pattern:
    """n:m sparsity: in every row, n of every m consecutive entries.

    Without a seed entry (i, j) is 1 when (j - i n) mod m < n, so that neighbouring rows use
    different inputs; with a seed each n entries are drawn at random.

    >>> n_of_m("1:2:4-4").inline()
    '1010/0101/1010/0101'
    >>> n_of_m("2:4:8-4-4,7") == n_of_m("2:4:8-4-4,7")
    True
    """
    parts = arguments.split(":")
    if len(parts) != 3:
        raise InputError("expected n:m:widths or n:m:widths,seed")
    kept, of = _integer(parts[0], "n"), _integer(parts[1], "m")
    shape, comma, seed = parts[2].partition(",")
    widths = _widths(shape)
    if kept > of:
        raise InputError(f"expected n to be at most m, found {kept} > {of}")
    for width in widths[:-1]:
        if width % of:
            raise InputError(f"expected widths divisible by {of}, found {width}")
    edges = [rows * (cols // of) * kept for cols, rows in pairwise(widths)]
    _limit(sum(edges))
    chance = np.random.default_rng(_integer(seed, "a seed", least=0)) if comma else None
    layers = []
    for cols, rows in pairwise(widths):
        groups = rows * (cols // of)
        row = np.repeat(np.arange(rows), cols // of)
        start = np.tile(np.arange(cols // of) * of, rows)
        if chance is None:
            inside = (row[:, None] * kept + np.arange(kept)) % of
        else:
            inside = np.argsort(chance.random((groups, of)), axis=1)[:, :kept]
        layers.append(_mask(np.repeat(row, kept), (start[:, None] + inside).ravel(), (rows, cols)))
    return Pattern.of(layers)


def random(arguments: str) -> Pattern:
    """Every entry is 1 with the given probability, independently; the seed makes it repeatable.

    >>> random("3-3-3,1,0").nnz
    18
    >>> random("50-60-70,0.1,5") == random("50-60-70,0.1,5")
    True
    """
    parts = arguments.split(",")
    if len(parts) != 3:
        raise InputError("expected widths, density and seed, separated by commas")
    widths = _widths(parts[0])
    try:
        density = float(parts[1])
    except ValueError:
        density = math.nan
    if not 0 <= density <= 1:
        raise InputError(f"expected a density from 0 to 1, found {quoted(parts[1])}")
    chance = np.random.default_rng(_integer(parts[2], "a seed", least=0))
    _limit(math.ceil(density * _edges(widths)))
    layers = []
    for cols, rows in pairwise(widths):
        at = _bernoulli(rows * cols, density, chance)
        layers.append(_mask(at // cols, at % cols, (rows, cols)))
    return Pattern.of(layers)


def _bernoulli(size: int, density: float, chance: np.random.Generator) -> Any:
    """The successes among ``size`` independent trials, without looking at the failures.

    The distances between successes are geometric.
    """
    if density == 0:
        return np.empty(0, dtype=np.int64)
    found = []
    last = -1
    while last < size:
        draws = int(1.05 * density * (size - last)) + 100
        for start in range(0, draws, CHUNK):  # all are drawn, so that chunks change nothing
            gaps = chance.geometric(density, min(CHUNK, draws - start))
            if last < size:
                positions = last + np.cumsum(np.minimum(gaps, size + 1))
                found.append(positions[positions < size])
                last = int(positions[-1])
    return np.concatenate(found)


def _mask(rows: Any, cols: Any, shape: tuple[int, int]) -> Any:
    places = rows.astype(np.int32), cols.astype(np.int32)
    return sp.coo_array((np.ones(len(rows), dtype=np.bool_), places), shape=shape).tocsr()


def _full(rows: int, cols: int) -> Any:
    indptr = np.arange(rows + 1) * cols
    indices = np.tile(np.arange(cols), rows)
    return sp.csr_array((np.ones(rows * cols, np.bool_), indices, indptr), (rows, cols))


def _edges(widths: list[int]) -> int:
    return sum(a * b for a, b in pairwise(widths))


def _integer(text: str, what: str, least: int = 1) -> int:
    """The integer that the text is, plain digits only."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18) or int(text) < least:
        raise InputError(f"expected {what} as digits, found {quoted(text)}")
    return int(text)


def _widths(text: str) -> list[int]:
    """Unit counts such as 4-3-5, from the inputs to the outputs."""
    widths = [
        _integer(part, "unit counts joined by '-', each 1 or more,") for part in text.split("-")
    ]
    if len(widths) < 2:
        raise InputError(f"expected at least two unit counts, found {quoted(text)}")
    if len(widths) > MAX_LAYERS or max(widths) > MAX_WIDTH:
        raise InputError(f"expected at most {MAX_LAYERS} layers of {MAX_WIDTH} units")
    return widths


def _limit(edges: int) -> None:
    if edges > MAX_EDGES:
        raise InputError(f"expected at most {MAX_EDGES} edges, found {edges}")


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family("lu", "LU: upper triangular, then lower triangular", "lu:3", lu),
            Family("dense", "every edge present; unit counts", "dense:4-3-5", dense),
            Family("butterfly", "the FFT's factors; a power of two", "butterfly:8", butterfly),
            Family("monarch", "two block-diagonal factors; a square", "monarch:16", monarch),
            Family("block", "dense chains side by side", "block:2-2-2,3-1-3", block),
            Family(
                "kronecker",
                "Kronecker-sparse factors I_a (x) 1_{b x c} (x) I_d; a,b,c,d of each",
                "kronecker:2,2,2,1;1,2,2,2",
                kronecker,
            ),
            Family(
                "chainable",
                "the same, refused unless neighbours are chainable",
                "chainable:2,2,2,1;1,2,2,2",
                chainable,
            ),
            Family("nm", "n of every m consecutive inputs; widths, seed", "nm:2:4:8-8-8", n_of_m),
            Family("random", "widths, density, seed", "random:6-4-6,0.5,0", random),
        )
    }
)
