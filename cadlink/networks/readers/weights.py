"""From a weight matrix of any library to its mask: where it is not 0.

A zero is a mask only if it cannot be a rounding.  Numbers below the smallest normal one of their
type (6e-5 in float16) have lost digits already, and what is smaller still has become 0; so a tensor
that holds such numbers beside zeros is refused, and so are integers and eight-bit floats, which
weights become by quantisation.  Explicit masks (0 and 1) are taken in any type.

Matrices are gone through in slices of rows, so that a large one that lies in a file (a mapped
array, a mapped tensor) is never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.errors import InputError

__all__ = [
    "BFloat16",
    "Unread",
    "array_of",
    "comes_from",
    "mask_of",
    "numbers_of",
    "overlapping",
    "same_memory",
    "shape_text",
    "support",
]

SLICE = 2**22  # entries looked at together
GIVE_MASKS = "give masks (masks= or --masks FILE)"
FORMATS = ("coo", "csr", "csc", "bsr", "bsc")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class BFloat16:
    """A matrix in bfloat16, which numpy does not know: ``raw`` holds its 16-bit patterns."""

    raw: npt.NDArray[np.uint16]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.raw.shape

    def rows(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        """These rows as float32, exactly."""
        return (self.raw[start:stop].astype(np.uint32) << 16).view(np.float32)


@dataclass(frozen=True)
class Unread:
    """A tensor of a type whose numbers are not read (quantised); only its shape counts."""

    shape: tuple[int, ...]
    dtype: str


def support(weight: Any, where: str) -> sp.csr_array:
    """Where a weight matrix is not 0: a boolean sparse array of its shape.

    ``weight`` is a numpy array, a scipy sparse array, a torch tensor (dense, or sparse in the
    layouts COO, CSR, CSC, BSR, BSC or 2:4), nested lists, or one of this module's classes.

    Raises InputError, naming ``where``, for anything but a finite real matrix whose zeros are no
    roundings.

    >>> support([[0.5, 0.0]], "").toarray().tolist()
    [[True, False]]
    """
    if isinstance(weight, Unread):
        raise InputError(f"weights of type {weight.dtype} are quantised; {GIVE_MASKS}", where)
    return _nonzero(weight, where, _plain_floats)


def mask_of(mask: Any, shape: tuple[int, ...], where: str) -> sp.csr_array:
    """An explicit mask, of this shape and with entries 0 and 1, as a boolean sparse array.

    Raises InputError, naming ``where``, for anything else.
    """
    mask = array_of(mask, where)
    found = mask.shape
    if tuple(found) != tuple(shape):
        raise InputError(
            f"expected a mask of shape {shape_text(shape)}, found {shape_text(found)}", where
        )
    if isinstance(mask, Unread):
        raise InputError(f"a mask of type {mask.dtype} is not read", where)
    return _nonzero(mask, where, _zeros_and_ones)


def numbers_of(weight: Any, transposed: bool = False) -> Callable[[], Array | None]:
    """A function that gives the numbers of a dense matrix or vector in double precision.

    They are read only when it is called; None for masks, and for what has other numbers or none.

    >>> numbers_of(np.array([[1, 2.5]]), transposed=True)().tolist()
    [[1.0], [2.5]]
    """

    def read() -> Array | None:
        found: Array
        if isinstance(weight, BFloat16):
            found = weight.rows(0, weight.shape[0])
        elif comes_from(weight, "torch"):
            plain = str(weight.layout) == "torch.strided" and weight.device.type != "meta"
            if not plain or weight.is_quantized or not weight.is_floating_point():
                return None
            found = weight.detach().cpu().double().numpy()
        elif isinstance(weight, np.ndarray) and weight.dtype.kind == "f":
            found = weight
        else:
            return None
        found = found.astype(np.float64)
        return found.T if transposed else found

    return read


def same_memory(one: Any, other: Any) -> bool:
    """Whether two tensors, or two arrays, lie at least partly in the same memory.

    >>> a = np.ones((2, 3))
    >>> same_memory(a, a.T), same_memory(a, a.copy())
    (True, False)
    """
    if isinstance(one, BFloat16) or isinstance(other, BFloat16):
        return same_memory(getattr(one, "raw", one), getattr(other, "raw", other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.may_share_memory(one, other))
    first, second = _extent(one), _extent(other)
    if first is None or second is None:
        return False
    return first[0] < second[1] and second[0] < first[1]


def overlapping(value: Any) -> bool:
    """Whether entries of a dense torch tensor, as its strides say, may lie in the same memory.

    >>> import torch
    >>> overlapping(torch.ones(9)[:2].expand(3, 2)), overlapping(torch.ones(2, 3).t())
    (True, False)
    """
    if not comes_from(value, "torch") or str(value.layout) != "torch.strided":
        return False
    reach = 0
    for step, size in sorted(zip(value.stride(), value.shape, strict=True)):
        if size > 1 and step <= reach:
            return True
        reach += (size - 1) * step
    return False


def comes_from(value: Any, package: str) -> bool:
    """Whether the value's class or one of its bases is defined in the package, not importing it."""
    return any(
        base.__module__ == package or base.__module__.startswith(package + ".")
        for base in type(value).__mro__
    )


def shape_text(shape: Any) -> str:
    """A shape in words.

    >>> shape_text((3, 4)), shape_text(())
    ('3 x 4', 'a number')
    """
    shape = tuple(shape)
    if not shape:
        return "a number"
    return " x ".join(map(str, shape[:6])) + (" x ..." if len(shape) > 6 else "")


# -- what a slice of entries may hold --------------------------------------------------------------


@dataclass
class _Seen:
    """What the slices of one matrix have shown so far."""

    zeros: bool = False
    smallest: float = np.inf  # of those below the normal range


Check = Callable[[Array, _Seen, str], None]


def _plain_floats(entries: Array, seen: _Seen, where: str) -> None:
    """Weights: finite, and no zeros beside numbers of fewer digits."""
    kind = entries.dtype.kind
    if kind == "b" or (kind in "iu" and _is_mask_or_wide(entries)):
        return
    if kind in "iu":
        raise InputError(f"weights of type {entries.dtype} are quantised; {GIVE_MASKS}", where)
    if kind != "f":
        raise InputError(f"weights of type {entries.dtype} are not read; {GIVE_MASKS}", where)
    if not np.isfinite(entries).all():
        raise InputError("a weight is NaN or infinite", where)
    sizes = np.abs(entries[entries != 0])
    seen.zeros = seen.zeros or sizes.size < entries.size
    if sizes.size and sizes.min() < np.finfo(entries.dtype).tiny:
        seen.smallest = min(seen.smallest, float(sizes.min()))
    if seen.zeros and seen.smallest < np.inf:
        raise InputError(
            f"{entries.dtype} weights as small as {seen.smallest:.1g} beside zeros: the zeros may"
            f" be roundings and no mask; {GIVE_MASKS}",
            where,
        )


def _is_mask_or_wide(entries: Array) -> bool:
    """Integers that are no quantised weights: 0 and 1 without a sign, or those of 32 bits on."""
    if entries.dtype.itemsize >= 4:
        return True
    return bool(entries.dtype.kind == "u" and (entries <= 1).all())


def _zeros_and_ones(entries: Array, seen: _Seen, where: str) -> None:
    """Masks."""
    if entries.dtype.kind not in "biuf" or not ((entries == 0) | (entries == 1)).all():
        raise InputError("expected a mask of 0 and 1, found other entries", where)


def _nonzero(matrix: Any, where: str, check: Check) -> sp.csr_array:
    """Where a matrix of any library is not 0, its entries looked at by ``check``."""
    if comes_from(matrix, "torch"):
        return _of_tensor(matrix, where, check)
    if isinstance(matrix, BFloat16):
        return _by_slices(matrix.shape, matrix.rows, where, check)
    return _of_array(matrix, where, check)


# -- arrays ----------------------------------------------------------------------------------------


def _of_array(array: Any, where: str, check: Check) -> sp.csr_array:
    """numpy, scipy or nested lists."""
    if sp.issparse(array):
        entries = sp.coo_array(array)
        return _of_entries(entries.row, entries.col, entries.data, entries.shape, where, check)
    dense = array_of(array, where)
    if dense.dtype.name == "bfloat16":  # of ml_dtypes
        stored = BFloat16(dense.view(np.uint16))
        return _by_slices(stored.shape, stored.rows, where, check)
    if dense.dtype.kind not in "biuf" or dense.dtype.name.startswith("float8"):
        raise InputError(f"weights of type {dense.dtype} are not read; {GIVE_MASKS}", where)
    return _by_slices(dense.shape, lambda start, stop: dense[start:stop], where, check)


def array_of(array: Any, where: str) -> Any:
    """What has a shape as it is, nested lists as an array.  Raises InputError for ragged ones."""
    if hasattr(array, "shape"):
        return array
    try:
        return np.asarray(array)
    except ValueError:
        raise InputError("expected rows of equal length", where) from None


def _by_slices(
    shape: tuple[int, ...], rows: Callable[[int, int], Array], where: str, check: Check
) -> sp.csr_array:
    """The mask of a dense matrix whose rows from start to stop ``rows`` gives."""
    height, width = _two(shape, where)
    step = max(1, SLICE // width)
    seen = _Seen()
    pieces = []
    for start in range(0, height, step):
        entries = rows(start, min(start + step, height))
        check(entries, seen, where)
        pieces.append(sp.csr_array(entries != 0))
    return sp.csr_array(sp.vstack(pieces, format="csr")) if len(pieces) > 1 else pieces[0]


def _of_entries(
    rows: Array, columns: Array, values: Array, shape: tuple[int, ...], where: str, check: Check
) -> sp.csr_array:
    """The mask of a sparse matrix; entries at one place are added, as torch and scipy do."""
    height, width = _two(shape, where)
    fits = rows.size == columns.size == values.size
    for numbers, size in ((rows, height), (columns, width)):
        fits = fits and (not numbers.size or 0 <= numbers.min() <= numbers.max() < size)
    if not fits:
        raise InputError("a sparse tensor whose indices do not fit its shape", where)
    found = sp.csr_array(sp.coo_array((values, (rows, columns)), shape=(height, width)))
    found.sum_duplicates()
    check(found.data, _Seen(zeros=found.nnz < height * width), where)
    found = sp.csr_array((found.data != 0, found.indices, found.indptr), shape=found.shape)
    found.eliminate_zeros()
    return found


def _two(shape: tuple[int, ...], where: str) -> tuple[int, int]:
    if len(shape) != 2 or min(shape) < 1:
        raise InputError(
            f"expected a weight matrix of two dimensions, found shape {shape_text(shape)}", where
        )
    return int(shape[0]), int(shape[1])


# -- torch tensors ---------------------------------------------------------------------------------


def _of_tensor(tensor: Any, where: str, check: Check) -> sp.csr_array:
    tensor = tensor.detach()
    if type(tensor).__name__.startswith("SparseSemiStructured"):
        tensor = _expanded(tensor, where)
    if type(tensor).__name__ not in ("Tensor", "Parameter", "Buffer"):
        raise InputError(
            f"a tensor of the class {type(tensor).__name__} is not read; {GIVE_MASKS}", where
        )
    if tensor.device.type == "meta":
        raise InputError(f"a tensor on the meta device holds no numbers; {GIVE_MASKS}", where)
    layout = str(tensor.layout).removeprefix("torch.").removeprefix("sparse_")
    if tensor.is_quantized or "float8" in str(tensor.dtype):
        raise InputError(f"weights of type {tensor.dtype} are quantised; {GIVE_MASKS}", where)
    tensor = tensor.cpu()
    if layout in FORMATS:
        rows, columns, values = _sparse_parts(tensor, layout, where)
        return _of_entries(rows, columns, values, tuple(tensor.shape), where, check)
    if layout != "strided":
        raise InputError(f"weights in the layout {tensor.layout} are not read; {GIVE_MASKS}", where)
    if overlapping(tensor):
        raise InputError(
            "an expanded tensor: its entries share memory, and no theorem covers shared weights",
            where,
        )
    return _by_slices(
        tuple(tensor.shape), lambda start, stop: _numbers(tensor[start:stop]), where, check
    )


def _numbers(tensor: Any) -> Array:
    """A tensor as numpy; bfloat16, which numpy does not know, becomes float32 exactly."""
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    found: Array = tensor.resolve_neg().numpy() if not tensor.is_complex() else tensor.numpy()
    return found


def _expanded(tensor: Any, where: str) -> Any:
    """A semi-structured 2:4 tensor as a dense one."""
    try:
        return tensor.to_dense()
    except (RuntimeError, NotImplementedError) as error:
        first = str(error).splitlines()[0][:80]
        raise InputError(
            f"a semi-structured tensor that this torch cannot expand here ({first}); {GIVE_MASKS}",
            where,
        ) from None


def _sparse_parts(tensor: Any, layout: str, where: str) -> tuple[Array, Array, Array]:
    """Rows, columns and values; torch is not asked to work on indices nobody has checked."""
    if layout == "coo":
        values = tensor._values()
        if values.dim() != 1:
            raise InputError("a hybrid sparse tensor is not read; " + GIVE_MASKS, where)
        rows, columns = tensor._indices().numpy()
        return rows, columns, _numbers(values)
    by_row = layout in ("csr", "bsr")
    ends = (tensor.crow_indices() if by_row else tensor.ccol_indices()).numpy()
    minor = (tensor.col_indices() if by_row else tensor.row_indices()).numpy()
    values = _numbers(tensor.values())
    high, wide = values.shape[1:] if layout in ("bsr", "bsc") else (1, 1)
    lines = tensor.shape[0] // high if by_row else tensor.shape[1] // wide
    steps = np.diff(ends)
    if steps.size != lines or (steps < 0).any() or not steps.sum() == minor.size == len(values):
        raise InputError("a sparse tensor whose indices do not fit its shape", where)
    major = np.repeat(np.arange(lines), steps)
    rows, columns = (major, minor) if by_row else (minor, major)
    if layout in ("bsr", "bsc"):
        shape = values.shape
        rows = np.broadcast_to(rows[:, None, None] * high + np.arange(high)[:, None], shape)
        columns = np.broadcast_to(columns[:, None, None] * wide + np.arange(wide), shape)
    return rows.ravel(), columns.ravel(), values.ravel()


def _extent(value: Any) -> tuple[int, int] | None:
    """The first and last byte of a torch tensor in memory; None where it has none."""
    if not comes_from(value, "torch") or value.device.type == "meta":
        return None
    layout = str(value.layout)
    if layout != "torch.strided":
        return _extent(value._values() if layout == "torch.sparse_coo" else value.values())
    start = int(value.data_ptr())
    last = sum((size - 1) * step for size, step in zip(value.shape, value.stride(), strict=True))
    return start, start + (int(last) + 1) * int(value.element_size())
