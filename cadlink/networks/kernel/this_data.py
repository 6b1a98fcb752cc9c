"""One training set: targets that are realised, and an infimum that is not attained."""

from __future__ import annotations

from fractions import Fraction

from cadlink.networks.kernel.witness import Network, data_of, limit_is

__all__ = ["not_attained", "realised"]


def realised(net: Network) -> tuple[str, ...]:
    """Parameters that predict the targets exactly."""
    data = data_of(net)
    limit_is(net, data, data.ys, constant=True)
    return ()


def not_attained(net: Network) -> tuple[str, ...]:
    """Two units, one input: the curve costs the infimum in the limit; that nothing costs less or as
    much is a claim of backends for every pair of segments (a hole each)."""
    at = net.at
    live = net.reach(range(net.pattern.widths[0]), range(net.pattern.widths[-1]))
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    net.demand(len(live[1]) == 2 and len(live[0]) == 1, "two units and one input", "others")
    full = all(net.sees(1, j) >= live[1] for j in range(net.pattern.widths[-1]))
    net.demand(full, "units that feed all outputs", "others")
    data = data_of(net)
    net.demand(len(data.outputs) == net.pattern.widths[-1], "all outputs", data.outputs)
    column = data.inputs.index(at.member(min(live[0]), data.inputs, "the input that matters"))
    last = len({x[column] for x in data.xs}) - 1
    net.demand(last == len(data.xs) - 1 and last > 2, "four different points or more", last + 1)
    limit = net.rows("limit", len(data.outputs))
    net.demand(len(limit) == len(data.xs), "a row of the limit per point", len(limit))
    limit_is(net, data, limit)
    cost = Fraction(0)
    for row, y in zip(limit, data.ys, strict=True):
        cost += sum(((a - b) ** 2 for a, b in zip(row, y, strict=True)), Fraction(0))
    infimum = at.rational(net.witness.get("infimum"), "infimum")
    net.demand(cost == infimum, f"a limit that costs {infimum}", "another cost")
    segments = [["right", k] for k in range(last - 1)] + [["left", k] for k in range(1, last)]
    pairs = len(segments) * (len(segments) + 1) // 2
    claims = at.items(net.witness.get("claims"), "claims", pairs)
    wanted = [[a, b] for n, a in enumerate(segments) for b in segments[n:]]
    return tuple(
        _claimed(net, claim, cells, f"loss > {infimum} for {tuple(cells[0])} and {tuple(cells[1])}")
        for cells, claim in zip(wanted, claims, strict=True)
    )


def _claimed(net: Network, claim: object, cells: object, statement: str) -> str:
    """What backends said about one pair of segments."""
    at = net.at
    net.demand(isinstance(claim, dict), "a claim", claim)
    said = dict(claim) if isinstance(claim, dict) else {}
    net.demand(said.get("cells") == cells, f"a claim about {cells}", said.get("cells"))
    net.demand(said.get("statement") == statement, statement, said.get("statement"))
    answers = at.items(said.get("answers"), "answers")
    net.demand(bool(answers), "an answer of a backend", "none")
    names = []
    for answer in answers:
        right = isinstance(answer, dict) and answer.get("answer") == "false"
        net.demand(right and isinstance(answer.get("backend"), str), "the answer false", answer)
        names.append(answer["backend"][:40])
    return f"{statement}: {', '.join(names)}"
