"""R1, R2, R3, the side without an optimum: points on a line, more changes of slope than units can
follow."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from cadlink.errors import CertificateError
from cadlink.networks.kernel.witness import Data, Network, Rows, data_of, limit_is

__all__ = ["collinear", "determinant", "on_line", "sharing"]


def sharing(net: Network) -> tuple[str, ...]:
    """R1 without data: two units that share an output, one of them with a second output.

    Without biases in the first layer they must also share two inputs, one of which is the bias.
    """
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    width = net.pattern.widths[1]
    a, b = net.numbers("units", "a unit", width, 2)
    net.demand(a != b, "two units", [a, b])
    feeds = [{j for j in range(net.pattern.widths[2]) if i in net.sees(1, j)} for i in (a, b)]
    net.demand(bool(feeds[0] & feeds[1]), "units that share an output", [a, b])
    net.demand(len(feeds[0]) >= 2, f"two outputs of unit {a}", sorted(feeds[0]))
    sees = [net.sees(0, a), net.sees(0, b)]
    net.demand(bool(sees[0] and sees[1]), "units that see an input", [a, b])
    enough = net.biases[0] or len(sees[0] & sees[1]) >= 2
    net.demand(enough, "two inputs in common, for want of biases", sorted(sees[0] & sees[1]))
    return ()


def collinear(net: Network) -> tuple[str, ...]:
    """One hidden layer; more slopes at the points on the "line", in the outputs of the "pair", than
    the units that vary there can have.  The other points come along."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    data = data_of(net)
    limit_is(net, data, data.ys)
    at, witness, xs = net.at, net.witness, data.xs
    pair = [
        at.member(j, data.outputs, "an output") for j in at.items(witness.get("pair"), "pair", 2)
    ]
    net.demand(pair[0] != pair[1], "two outputs", pair)
    line = net.numbers("line", "a point", len(xs))
    net.demand(len(line) >= 4, "four points or more", len(line))
    net.demand(len(set(line)) == len(line), "points on the line, each once", len(line))
    times, u = on_line(net, [xs[i] for i in line])
    start = xs[line[0]]
    # Changes of slope do not see affine functions; the plane of R3 does.
    units = _varying(net, data, start, u, times if len(line) > 4 else None, pair)
    columns = [data.outputs.index(j) for j in pair]
    slopes = [
        [(data.ys[j][c] - data.ys[i][c]) / (t - s) for c in columns]
        for (i, s), (j, t) in pairwise(list(zip(line, times, strict=True)))
    ]
    if len(line) == 4:
        net.demand(len(units) <= 2, "two units", len(units))
        _two_units(net, slopes)
        return ()
    changes = [[b - a for a, b in zip(low, high, strict=True)] for low, high in pairwise(slopes)]
    r = (len(line) - 1) // 2
    net.demand(len(line) == 2 * r + 1, "an odd number of points", len(line))
    net.demand(len(units) <= r, f"at most {r} units", len(units))
    for j in range(1, 2 * r, 2):
        net.demand(any(changes[j - 1]), f"a change of slope at point {j}", "none")
    first, second, third = changes[:3]
    net.demand(determinant(first, third) == 0, "parallel changes at points 1 and 3", "others")
    net.demand(determinant(first, second) != 0, "another change at point 2", "a parallel one")
    return ()


def on_line(net: Network, rows: Rows) -> tuple[list[Fraction], list[Fraction]]:
    """The parameters t of points on a line start + t u, ascending, and u.

    The points are demanded to be distinct, on one line and in order.
    """
    start = rows[0]
    u = [b - a for a, b in zip(start, rows[1], strict=True)]
    lead = next((k for k, value in enumerate(u) if value), None)
    if lead is None:
        raise CertificateError(net.at.path, "distinct points", "equal ones")
    times = [(row[lead] - start[lead]) / u[lead] for row in rows]
    for i, (row, t) in enumerate(zip(rows, times, strict=True)):
        right = all(x == s + t * d for x, s, d in zip(row, start, u, strict=True))
        net.demand(right, "points on one line", f"point {i} beside it")
    net.demand(all(s < t for s, t in pairwise(times)), "points in ascending order", "others")
    return times, u


def determinant(v: list[Fraction], w: list[Fraction]) -> Fraction:
    """0 if and only if the two vectors of the plane are parallel."""
    return v[0] * w[1] - v[1] * w[0]


def _varying(
    net: Network,
    data: Data,
    start: list[Fraction],
    u: list[Fraction],
    times: list[Fraction] | None,
    pair: list[int],
) -> list[int]:
    """The units that feed the pair and vary on the line.

    With ``times``: only those that can have a kink strictly between the first and the last.
    """
    place = {k: column for column, k in enumerate(data.inputs)}
    found = []
    for unit in sorted(net.sees(1, pair[0]) | net.sees(1, pair[1])):
        columns = [place[k] for k in net.sees(0, unit) if k in place]
        lead = next((c for c in columns if u[c]), None)
        if lead is None:
            continue
        if times is not None and not net.biases[0]:
            fixed = start[lead] / u[lead]
            # then <a, start + t u> = (fixed + t) <a, u> vanishes at t = -fixed whatever a is
            parallel = all(start[c] == fixed * u[c] for c in columns)
            if parallel and not times[0] < -fixed < times[-1]:
                continue
        found.append(unit)
    return found


def _two_units(net: Network, slopes: Rows) -> None:
    """R3: the plane of the two outputs' slope vectors holds at most one direction of one unit."""
    g, h = ([row[c] for row in slopes] for c in (0, 1))
    normal = [
        g[1] * h[2] - g[2] * h[1],
        g[2] * h[0] - g[0] * h[2],
        g[0] * h[1] - g[1] * h[0],
    ]
    net.demand(any(normal), "two independent outputs", "dependent ones")
    directions = set()
    for fixed, moving in (
        ((0, 0, 1), (0, 1, 0)),
        ((0, 1, 1), (1, 0, 0)),
        ((1, 0, 0), (0, 1, 0)),
        ((1, 1, 0), (0, 0, 1)),
    ):
        a = sum(n * v for n, v in zip(normal, fixed, strict=True))
        b = sum(n * v for n, v in zip(normal, moving, strict=True))
        net.demand(bool(a or b), "finitely many directions", f"all of {fixed} + th {moving}")
        if b and 0 <= -a / b <= 1:
            directions.add(tuple(f - a / b * m for f, m in zip(fixed, moving, strict=True)))
    net.demand(len(directions) <= 1, "at most one slope vector of a unit", len(directions))
