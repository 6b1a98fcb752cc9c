"""Sparsity patterns: chains of 0/1 masks, in forward order, as torch stores weights (out x in).

A pattern I = (I_1, ..., I_L) stands for the set of matrix products

    L_I = { X_L ... X_1 : supp(X_l) inside I_l }

(Le, Riccietti, Gribonval, NeurIPS 2023, arXiv 2306.02666).  It is the same thing as a layered
graph: unit layer 0 holds the inputs, unit layer L the outputs, and I_l holds the edges from unit
layer l - 1 to unit layer l.

*Numbers.*  Rows, columns, units, inputs, outputs, layers of units and layers of masks are counted
from 0 everywhere: in messages, in pictures, in JSON and in proofs.  So layer 0 of the masks is the
one on the inputs, and the first hidden layer is unit layer 1, the inputs being 0.  Only the letters
of a formula follow the literature: X_1 and I_1 are the first factor and its mask.

*Symmetry.*  Renumbering the units of any layer permutes the rows and columns of the products, or,
for a hidden layer, changes nothing at all; reversing the chain and transposing every mask
transposes the products.  Both are homeomorphisms of the matrix space, so neither changes whether
L_I is closed.  Two patterns are *isomorphic* when they differ by these; :meth:`Pattern.canonical`
picks one pattern of each isomorphism class with the canonical labelling of igraph (BLISS), the
layers being colours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.errors import InputError, shortened
from cadlink.once import cached_property
from cadlink.patterns.labelling import canonical_order

__all__ = [
    "MAX_EDGES",
    "MAX_LAYERS",
    "MAX_WIDTH",
    "TEXT_ENTRIES",
    "Mask",
    "Pattern",
    "Units",
    "mask_of_arrays",
    "row",
]

# What is larger is a mistake or an attack, or more than a certificate can hold as text.
MAX_LAYERS = 1_000
MAX_WIDTH = 1_000_000
MAX_EDGES = 20_000_000  # all masks together, and the units beside them
MAX_CELLS = 2**31  # of a dense layer: one of stride 0 claims any number and takes no memory
DENSE_S = 1e-10  # seconds for a multiplication in a dense product
TEXT_ENTRIES = 4096  # masks with at most this many entries are written as rows of 0 and 1

Mask: TypeAlias = sp.csr_array  # dtype bool, sorted indices, no duplicates, write-protected
Units: TypeAlias = Sequence[int] | npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Pattern:
    """A frozen chain of masks; equality and hash are by content, unit numbers included.

    ``layers``: the masks in forward order; whatever is not 0 counts as 1.  Each is a
    two-dimensional numpy array, scipy sparse matrix, torch tensor or nested list, or rows of text
    ('11/01' or ['11', '01']).  They are copied into one form, so that a pattern is what it prints:
    ``layers[l]`` is then layer l of the masks, of shape (widths[l + 1], widths[l]).  ``where`` is
    put before the layer in messages.  :meth:`of` is the same by another name.

    A pattern made by :meth:`select` may have layers without units (nothing was on a path); one made
    from a caller's data may not.

    Raises InputError naming layer and row: no layer, an empty or ragged layer, NaN, infinity,
    widths that do not fit, or more than MAX_LAYERS, MAX_WIDTH or MAX_EDGES allow.

    >>> lu = Pattern([["11", "01"], ["10", "11"]])
    >>> lu.widths, lu.nnz, lu.transpose() == lu
    ((2, 2, 2), 6, True)
    """

    layers: tuple[Mask, ...]

    def __init__(self, layers: Sequence[Any], where: str = "") -> None:
        if isinstance(layers, (str, bytes)) or not isinstance(layers, Sequence):
            raise InputError(
                f"expected a list of layers, found {type(layers).__name__}; see also masks.read",
                where,
            )
        if not layers:
            raise InputError("expected at least one layer, found none", where)
        if len(layers) > MAX_LAYERS:
            raise InputError(f"expected at most {MAX_LAYERS} layers, found {len(layers)}", where)
        masks: list[Mask] = []
        size = 0
        for number, layer in enumerate(layers):
            place = f"{where}, layer {number}" if where else f"layer {number}"
            mask = _mask(layer, place)
            if masks and masks[-1].shape[0] != mask.shape[1]:
                raise InputError(
                    f"expected {masks[-1].shape[0]} columns, one per row of layer {number - 1}, "
                    f"found {mask.shape[1]}; layers go from the inputs to the outputs",
                    place,
                )
            masks.append(mask)
            size += mask.nnz + mask.shape[0]
            if size > MAX_EDGES:
                raise InputError(
                    f"expected at most {MAX_EDGES} edges and units in all, found {size}", place
                )
        object.__setattr__(self, "layers", tuple(masks))

    @classmethod
    def of(cls, layers: Sequence[Any], where: str = "") -> Pattern:
        """The pattern of these masks.

        >>> Pattern.of(["11/01"]) == Pattern(["11/01"])
        True
        """
        return cls(layers, where)

    @classmethod
    def of_masks(cls, masks: Sequence[Any]) -> Pattern:
        """The pattern of sparse masks that fit, in which a layer may be without units, as after
        :meth:`select`; for masks made by this package."""
        return _of_masks(tuple(_freeze(mask) for mask in masks))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its masks: an array that numpy unpickles may be written to."""
        return _of_masks, (self.layers,)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The number of units of each layer, inputs first; one more entry than there are masks."""
        return (int(self.layers[0].shape[1]), *(int(mask.shape[0]) for mask in self.layers))

    @property
    def depth(self) -> int:
        """The number L of masks (factors)."""
        return len(self.layers)

    @cached_property
    def nnz(self) -> int:
        """The number of edges, that is of ones in all masks together."""
        return sum(int(mask.nnz) for mask in self.layers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern):
            return NotImplemented
        return self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.widths))
        text = self.inline() if self.nnz <= 200 and sum(self.widths) <= 60 else f"{self.nnz} edges"
        return f"<Pattern {shape}: {text}>"

    @cached_property
    def _content(self) -> bytes:
        """The whole pattern, hashed: equal exactly for equal patterns."""
        digest = hashlib.sha256(b"cadlink pattern 1\0")
        digest.update(np.array([self.depth, *self.widths], dtype="<i8").tobytes())
        for mask in self.layers:
            digest.update(mask.indptr.astype("<i8").tobytes())
            digest.update(mask.indices.astype("<i8").tobytes())
        return digest.digest()

    def transpose(self) -> Pattern:
        """The pattern of the transposed products: the chain reversed, every mask transposed."""
        return _of_masks(tuple(_freeze(mask.T) for mask in reversed(self.layers)))

    def part(self, first: int, last: int) -> Pattern:
        """The chain of the masks between unit layers ``first`` < ``last`` (0: the inputs).

        >>> Pattern.of(["11/01", "10/11", "11"]).part(0, 2).inline()
        '11/01;10/11'
        """
        return _of_masks(self.layers[first:last])

    def joined(self, first: int, last: int) -> Pattern:
        """The chain with the masks around the hidden layers ``first`` to ``last`` replaced by their
        product.

        >>> Pattern.of(["11/01", "10/11", "11"]).joined(1, 1).inline()
        '11/11;11'
        """
        product = self.part(first - 1, last + 1).support()
        return _of_masks((*self.layers[: first - 1], product, *self.layers[last + 1 :]))

    def select(self, units: Sequence[Units]) -> Pattern:
        """The pattern on the chosen units of every layer: new unit p is old unit ``units[l][p]``.

        Raises InputError unless there is one list per layer, of different units of that layer.
        """
        if len(units) != self.depth + 1:
            raise InputError(
                f"expected {self.depth + 1} lists of units, one per layer, found {len(units)}"
            )
        chosen = [
            _units(list_, width, layer)
            for layer, (list_, width) in enumerate(zip(units, self.widths, strict=True))
        ]
        return _of_masks(
            tuple(
                _freeze(mask[chosen[index + 1], :][:, chosen[index]])
                for index, mask in enumerate(self.layers)
            )
        )

    def restrict(self, outputs: Units, inputs: Units) -> Pattern:
        """The pattern with only these outputs and inputs; hidden layers are kept whole."""
        hidden = [np.arange(width) for width in self.widths[1:-1]]
        return self.select([inputs, *hidden, outputs])

    def permute(self, units: Sequence[Units]) -> Pattern:
        """The pattern renumbered: new unit p of layer l is old unit ``units[l][p]``.

        Raises InputError unless every list is a permutation of its layer's units.
        """
        for layer, (list_, width) in enumerate(zip(units, self.widths, strict=False)):
            if len(list_) != width:
                raise InputError(
                    f"expected a permutation of {width} units, found {len(list_)} entries",
                    f"unit layer {layer}",
                )
        return self.select(units)

    def support(self, afford: Callable[[float], None] | None = None) -> Mask:
        """The boolean product of the masks, outputs x inputs: the cells with a path.

        It is made once.  ``afford`` is told before every product how many seconds it may take, and
        raises if that is too long.
        """
        if "_support" not in vars(self):
            product = self.layers[0]
            for mask in self.layers[1:]:
                product = _boolean_product(mask, product, afford)
            vars(self)["_support"] = _freeze(product)
        found: Mask = vars(self)["_support"]
        return found

    def twins(self) -> tuple[npt.NDArray[np.int64], ...]:
        """For every layer the class of each unit, twins being units with equal neighbours.

        Twins lie in one layer and have the same in-neighbours and the same out-neighbours.
        Classes are numbered by their first unit.  Merging them makes no new twins: neighbourhoods
        are unions of whole classes.

        >>> Pattern.of(["110/110", "11"]).twins()
        (array([0, 0, 1]), array([0, 0]), array([0]))
        """
        return self._twins

    @cached_property
    def _twins(self) -> tuple[npt.NDArray[np.int64], ...]:
        columns = [mask.tocsc() for mask in self.layers]
        found = []
        for layer, width in enumerate(self.widths):
            into = self.layers[layer - 1] if layer else None
            out = columns[layer] if layer < self.depth else None
            numbers: dict[tuple[bytes, bytes], int] = {}
            labels = np.empty(width, dtype=np.int64)
            for unit in range(width):
                key = (_segment(into, unit), _segment(out, unit))
                labels[unit] = numbers.setdefault(key, len(numbers))
            labels.flags.writeable = False
            found.append(labels)
        return tuple(found)

    def canonical_units(self) -> tuple[bool, tuple[npt.NDArray[np.int64], ...]]:
        """How to renumber: (reversed, permutations), see :meth:`canonical`.

        With p = ``self.transpose()`` if reversed, else ``self``, the canonical form is
        ``p.permute(permutations)``.
        """
        return self._canonical[0], self._canonical[1]

    def canonical(self) -> Pattern:
        """The same pattern for all isomorphic patterns, and itself isomorphic to this one.

        Of the canonical labellings of the chain and of the reversed chain the lexicographically
        smaller result (widths first) is taken.

        >>> p, q = Pattern.of(["11/01", "10/11"]), Pattern.of(["01/11", "01/11"])
        >>> p == q, p.canonical() == q.canonical()
        (False, True)
        """
        return self._canonical[2]

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the canonical form: equal exactly for isomorphic patterns."""
        return self.canonical()._content.hex()

    @cached_property
    def _canonical(self) -> tuple[bool, tuple[npt.NDArray[np.int64], ...], Pattern]:
        candidates = []
        if self.widths <= self.widths[::-1]:
            units = _labelling(self)
            candidates.append((False, units, self.permute(units)))
        if self.widths >= self.widths[::-1]:
            back = self.transpose()
            units = _labelling(back)
            candidates.append((True, units, back.permute(units)))
        return min(candidates, key=lambda candidate: _order(candidate[2]))

    def to_json(self) -> dict[str, Any]:
        """The PATTERN of the certificate schema: rows of 0/1 for small masks, else CSR.

        >>> Pattern.of(["11/01", "10/11"]).to_json()
        {'layers': [['11', '01'], ['10', '11']]}
        """
        return {"layers": [_mask_json(mask) for mask in self.layers]}

    @classmethod
    def from_json(cls, value: Any, where: str = "") -> Pattern:
        """The pattern of a PATTERN object; nested lists of 0/1 are read as well.

        Raises InputError naming the layer and row that is not well formed.
        """
        if not isinstance(value, Mapping) or set(value) != {"layers"}:
            raise InputError('expected an object {"layers": [...]}', where)
        layers = value["layers"]
        if not isinstance(layers, list):
            raise InputError('expected "layers" to be a list of masks', where)
        return cls.of(layers, where)

    def inline(self) -> str:
        """One line, as it is typed on a command line.

        >>> Pattern.of([["11", "01"], ["10", "11"]]).inline()
        '11/01;10/11'
        """
        return ";".join("/".join(_rows(mask)) for mask in self.layers)

    def picture(self) -> str:
        """For human eyes: each mask with '#' for 1 and '.' for 0; wide ones as a line of numbers.

        >>> print(Pattern.of(["11/01", "10"]).picture())
        layer 0, 2 x 2, 3 edges
          ##
          .#
        layer 1, 1 x 2, 1 edge
          #.
        """
        lines = []
        for number, mask in enumerate(self.layers):
            edges = f"{mask.nnz} edge{'' if mask.nnz == 1 else 's'}"
            lines.append(f"layer {number}, {mask.shape[0]} x {mask.shape[1]}, {edges}")
            if max(mask.shape) <= 64:
                lines += ["  " + row.replace("1", "#").replace("0", ".") for row in _rows(mask)]
        return "\n".join(lines)


def _of_masks(masks: tuple[Mask, ...]) -> Pattern:
    """The pattern of masks that are in our form already; they are not copied."""
    pattern = Pattern.__new__(Pattern)
    object.__setattr__(pattern, "layers", tuple(_protect(mask) for mask in masks))
    return pattern


def _protect(mask: Mask) -> Mask:
    """The same mask, its arrays write-protected."""
    for array in (mask.data, mask.indices, mask.indptr):
        array.flags.writeable = False
    return mask


def _freeze(matrix: Any) -> Mask:
    """The matrix as a boolean CSR array in canonical format that nobody can write to."""
    mask = sp.csr_array(matrix, copy=True)
    mask.sum_duplicates()
    mask.eliminate_zeros()
    return _made(mask.shape, mask.indptr, mask.indices)


def _of_dense(ones: npt.NDArray[np.bool_]) -> Mask:
    """The mask of a boolean matrix; quicker than by way of scipy's other formats."""
    starts = np.concatenate(([0], np.cumsum(np.count_nonzero(ones, axis=1))))
    return _made(ones.shape, starts, np.nonzero(ones)[1])


def _made(shape: tuple[int, ...], indptr: npt.NDArray[Any], indices: npt.NDArray[Any]) -> Mask:
    """The mask with these arrays of a canonical CSR matrix, which are copied."""
    wide = np.int32 if indices.size < 2**31 else np.int64
    ones = np.ones(indices.size, dtype=np.bool_)
    mask = sp.csr_array((ones, indices.astype(np.int32), indptr.astype(wide)), shape=shape)
    mask.has_sorted_indices = True
    mask.has_canonical_format = True
    return _protect(mask)


def _mask(layer: Any, where: str) -> Mask:
    """One layer of a caller's data as a mask, or an InputError."""
    if sp.issparse(layer):  # first: a dictionary of keys is a mapping too
        mask = _mask_of_sparse(layer, where)
    elif isinstance(layer, Mapping):
        mask = _mask_of_csr(layer, where)
    elif isinstance(layer, str):
        mask = _mask_of_text(layer.strip().split("/"), where)
    elif isinstance(layer, (list, tuple)) and layer and all(isinstance(row, str) for row in layer):
        mask = _mask_of_text(list(layer), where)
    else:
        mask = _mask_of_array(layer, where)
    if 0 in mask.shape:
        raise InputError(
            f"expected at least one row and one column, found {mask.shape[0]} x {mask.shape[1]}",
            where,
        )
    _check_width(mask.shape, where)
    return mask


def _mask_of_sparse(layer: Any, where: str) -> Mask:
    """The entries of a scipy matrix as scipy itself understands them: repeated ones are added."""
    if layer.ndim != 2:
        raise InputError(f"expected two dimensions, found {layer.ndim}", where)
    if layer.dtype.kind not in "biufc":
        raise InputError(
            f"expected an array of numbers, found entries of type {layer.dtype}", where
        )
    _check_width(layer.shape, where)
    try:
        copy = layer.copy()
        if layer.format in ("csr", "csc", "bsr"):
            copy.check_format(full_check=True)  # nobody has, and a conversion would trust it
        found = copy.tocoo()
        by_rows = sp.csr_array((found.data, (found.row, found.col)), found.shape)
    except (ValueError, IndexError, OverflowError) as error:
        raise InputError(f"not a sound sparse matrix ({shortened(error)})", where) from None
    by_rows.sum_duplicates()
    _check_finite(
        by_rows.data, lambda at: int(np.searchsorted(by_rows.indptr, at, "right")) - 1, where
    )
    return _freeze(sp.csr_array((by_rows.data != 0, by_rows.indices, by_rows.indptr), layer.shape))


def _check_width(shape: tuple[int, ...], where: str) -> None:
    if max(shape) > MAX_WIDTH:
        raise InputError(f"expected at most {MAX_WIDTH} units, found {max(shape)}", where)


def _mask_of_array(layer: Any, where: str) -> Mask:
    if hasattr(layer, "detach"):  # a torch tensor, possibly with a gradient or on a device
        layer = layer.detach().cpu()
    if isinstance(layer, (list, tuple)):
        lengths = [len(row) if isinstance(row, (list, tuple)) else None for row in layer]
        if None not in lengths and len(set(lengths)) > 1:
            odd = next(i for i, length in enumerate(lengths) if length != lengths[0])
            raise InputError(
                f"expected {lengths[0]} entries as in row 0, found {lengths[odd]}",
                f"{where}, row {odd}",
            )
    try:
        array = np.asarray(layer)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"expected a two-dimensional array of numbers ({shortened(error)})", where
        ) from None
    if array.dtype.kind not in "biufc":
        raise InputError(
            f"expected an array of numbers, found entries of type {array.dtype}", where
        )
    if array.ndim != 2:
        raise InputError(f"expected two dimensions (rows x columns), found {array.ndim}", where)
    _check_width(array.shape, where)
    if array.size > MAX_CELLS:
        raise InputError(
            f"expected at most {MAX_CELLS} entries, found {array.size}; give a sparse matrix", where
        )
    _check_finite(array.ravel(), lambda at: at // array.shape[1], where)
    return _of_dense(array != 0)


def _check_finite(values: npt.NDArray[Any], row_of: Any, where: str) -> None:
    """Raise InputError naming the row of the first entry that is NaN or infinite."""
    if values.dtype.kind not in "fc":
        return
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InputError(
            f"expected finite numbers, found {values[bad[0]]}",
            f"{where}, row {row_of(int(bad[0]))}",
        )


def _mask_of_text(rows: Sequence[str], where: str) -> Mask:
    """Rows of the characters 0 and 1, blanks allowed between them."""
    clean = ["".join(row.split()) for row in rows]
    for number, row in enumerate(clean):
        place = f"{where}, row {number}"
        odd = sorted(set(row) - {"0", "1"})
        if odd:
            raise InputError(f"expected only 0 and 1, found {odd[0]!r}", place)
        if not row:
            raise InputError("expected entries 0 or 1, found an empty row", place)
        if len(row) != len(clean[0]):
            raise InputError(
                f"expected {len(clean[0])} entries as in row 0, found {len(row)}", place
            )
    flat = np.frombuffer("".join(clean).encode("ascii"), dtype=np.uint8)
    return _of_dense(flat.reshape(len(clean), -1) == ord("1"))


def _mask_of_csr(value: Mapping[str, Any], where: str) -> Mask:
    """The CSR object of the certificate schema: everything about it is checked."""
    if set(value) != {"shape", "indptr", "indices"}:
        raise InputError('expected an object with "shape", "indptr" and "indices"', where)
    parts: dict[str, npt.NDArray[np.int64]] = {}
    for name in ("shape", "indptr", "indices"):
        entries = value[name]
        if not isinstance(entries, list) or any(type(entry) is not int for entry in entries):
            raise InputError(f'expected "{name}" to be a list of integers', where)
        if any(not 0 <= entry < 2**40 for entry in entries):
            raise InputError(f'expected "{name}" to hold integers from 0 to 2^40', where)
        parts[name] = np.array(entries, dtype=np.int64)
    if parts["shape"].size != 2:
        raise InputError('expected "shape" to be [rows, columns]', where)
    return mask_of_arrays(parts["shape"], parts["indptr"], parts["indices"], where)


def mask_of_arrays(
    shape: npt.NDArray[Any], indptr: npt.NDArray[Any], indices: npt.NDArray[Any], where: str
) -> Mask:
    """The mask of CSR arrays nobody has looked at yet; InputError unless they are canonical."""
    rows, cols = int(shape[0]), int(shape[1])
    _check_width((rows, cols), where)
    if indptr.size != rows + 1:
        raise InputError(
            f'expected "indptr" to have {rows + 1} entries, found {indptr.size}', where
        )
    steps = np.diff(indptr)
    if indptr[0] != 0 or indptr[-1] != indices.size or (steps < 0).any():
        raise InputError('expected "indptr" to rise from 0 to the number of "indices"', where)
    if indices.size and not 0 <= int(indices.min()) <= int(indices.max()) < cols:
        raise InputError(f'expected "indices" from 0 to {cols - 1}', where)
    row_of = np.repeat(np.arange(rows), steps)
    bad = np.flatnonzero((np.diff(indices) <= 0) & (np.diff(row_of) == 0))
    if bad.size:
        raise InputError(
            'expected "indices" to be ascending in each row', f"{where}, row {row_of[bad[0]]}"
        )
    return _freeze(
        sp.csr_array((np.ones(indices.size, dtype=np.bool_), indices, indptr), (rows, cols))
    )


def _boolean_product(
    upper: Mask, lower: Mask, afford: Callable[[float], None] | None = None
) -> Mask:
    """The cells with a path; masks that are not sparse are multiplied as dense matrices.

    A path costs a sparse product some fifty times what a multiplication costs a dense one.
    """
    (rows, hidden), cols = upper.shape, lower.shape[1]
    into = np.diff(lower.indptr).astype(np.int64)
    paths = int(into @ np.bincount(upper.indices, minlength=hidden))
    dense = max(rows * hidden, hidden * cols, rows * cols) <= MAX_EDGES
    dense = dense and 50 * paths > rows * hidden * cols
    if afford is not None:
        afford(DENSE_S * (rows * hidden * cols if dense else 50 * paths))
    if dense:
        counts = upper.toarray().astype(np.float32) @ lower.toarray().astype(np.float32)
        return _of_dense(counts > 0)
    return upper @ lower  # bool @ bool is "or" of "and" in scipy: no overflow


def _units(units: Units, width: int, layer: int) -> npt.NDArray[np.int64]:
    """A list of different units of a layer as an array."""
    where = f"unit layer {layer}"
    array = np.asarray(units, dtype=np.int64) if len(units) else np.empty(0, dtype=np.int64)
    if array.ndim != 1 or (array.size and not 0 <= int(array.min()) <= int(array.max()) < width):
        raise InputError(f"expected unit numbers from 0 to {width - 1}", where)
    if np.unique(array).size != array.size:
        raise InputError("expected every unit at most once", where)
    return array


def row(mask: Any, number: int) -> npt.NDArray[Any]:
    """The places of the ones in a row of a CSR (a column of a CSC) array."""
    places: npt.NDArray[Any] = mask.indices[mask.indptr[number] : mask.indptr[number + 1]]
    return places


def _segment(matrix: Any, index: int) -> bytes:
    """The neighbours stored in one row of a CSR (one column of a CSC) array; b'' without one."""
    return b"" if matrix is None else row(matrix, index).tobytes()


def _labelling(pattern: Pattern) -> tuple[npt.NDArray[np.int64], ...]:
    """A canonical numbering of the units of every layer, for this orientation of the chain.

    Twins are merged first (they cost BLISS a lot and carry no information but their number): the
    graph of the classes, coloured by layer and class size, determines the pattern up to
    isomorphism.
    """
    twins = pattern.twins()
    sizes = [np.bincount(labels) for labels in twins]
    first = np.cumsum([0] + [len(size) for size in sizes])
    kinds = [(layer, int(size)) for layer, row in enumerate(sizes) for size in row]
    colour = {kind: number for number, kind in enumerate(sorted(set(kinds)))}
    edges = set()
    for layer, mask in enumerate(pattern.layers):
        coo = mask.tocoo()
        tails = twins[layer][coo.col] + first[layer]
        heads = twins[layer + 1][coo.row] + first[layer + 1]
        edges |= set(zip(tails.tolist(), heads.tolist(), strict=True))
    place = np.empty(int(first[-1]), dtype=np.int64)
    place[canonical_order([colour[kind] for kind in kinds], sorted(edges))] = np.arange(first[-1])
    order = []
    for layer, labels in enumerate(twins):
        of_class = place[first[layer] : first[layer + 1]]
        order.append(np.argsort(of_class[labels], kind="stable").astype(np.int64))
    return tuple(order)


def _order(pattern: Pattern) -> tuple[Any, ...]:
    """A key that orders patterns lexicographically by their whole content."""
    arrays = [array for mask in pattern.layers for array in (mask.indptr, mask.indices)]
    return (pattern.widths, *(array.astype(">i8").tobytes() for array in arrays))


def _rows(mask: Mask) -> list[str]:
    """The rows as text of 0 and 1."""
    digits = mask.toarray().astype(np.uint8) + ord("0")
    return [row.tobytes().decode("ascii") for row in digits]


def _mask_json(mask: Mask) -> Any:
    # An index costs about as much as five entries of text, and far more memory once it is read.
    if mask.shape[0] * mask.shape[1] <= max(TEXT_ENTRIES, 5 * mask.nnz):
        return _rows(mask)
    return {
        "shape": [int(side) for side in mask.shape],
        "indptr": mask.indptr.tolist(),
        "indices": mask.indices.tolist(),
    }
