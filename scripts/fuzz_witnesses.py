"""Mutates witness files of networks: nothing false may pass, nothing may hang or crash.

    python scripts/fuzz_witnesses.py --count 20000 --seed 1

Starts from a real file for every theorem and claim (``tests/witnesses.py``), changes values, types
and structure, up to four at a time, and checks each.  A file that is accepted is held against what
is known without the kernel: the other answer to the same question must not have been accepted too,
question (a) for one hidden layer must agree with the dichotomy R1 worked out here from the masks,
and no guarantee may be for losses that need not grow.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cadlink.errors import CertificateError
from cadlink.networks.kernel.table import TABLE
from cadlink.networks.witness_file import check_document, document_of

LABELS = ("cross_entropy", "soft_cross_entropy", "logistic", "soft_logistic", "labels")
NOT_GROWING = ("definite", "attaining", "continuous")
SLOW_S = 2.0  # of the processor
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 10**30),
    *("", "1/0", "1/3", "-5/7", "x", "relu", [], [[]], {}),
)
OTHER: dict[str, tuple[Any, ...]] = {
    "question": ("a", "b", "c", "d"),
    "answer": ("no_optimum", "optimum_guaranteed", "closed_on_cube", "not_closed_on_cube"),
    "activation": ("relu", "leaky_relu", "linear", "tanh", "silu"),
    "loss": (None, "squared", "coercive", "growing", *NOT_GROWING, *LABELS),
    "penalty": ("none", "weights", "all-but-last", "all"),
    "theorem": tuple(sorted({theorem for theorem, _ in TABLE})),
    "claim": tuple(sorted({claim for _, claim in TABLE})),
}


@dataclass
class Tally:
    """What became of the files."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    trouble: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # question about a network -> answer


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside, a few of each long list."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, part in value.items():
            found += places(part, (*path, key))
    elif isinstance(value, list):
        step = max(1, len(value) // 12)
        for index in range(0, len(value), step):
            found += places(value[index], (*path, index))
    return found


def mutate(document: dict[str, Any], chance: random.Random, others: list[dict[str, Any]]) -> Any:
    """The document with one to four changes."""
    changed = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        path = chance.choice(places(changed))
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        last, value = path[-1], holder[path[-1]]
        kind = chance.randrange(8)
        if last in OTHER and kind < 5:
            holder[last] = chance.choice(OTHER[last])
        elif kind == 0:
            holder[last] = chance.choice(ODD)
        elif kind == 1 and type(value) is int:
            holder[last] = value + chance.choice((-2, -1, 1, 2))
        elif kind == 2 and isinstance(value, bool):
            holder[last] = not value
        elif kind == 3 and isinstance(value, list) and value:
            value.pop(chance.randrange(len(value)))
        elif kind == 4 and isinstance(value, list) and value:
            value.append(copy.deepcopy(chance.choice(value)))
        elif kind == 5:
            del holder[last]
        elif kind == 6 and len(path) > 1 and path[0] == "witness":
            other = chance.choice(others)
            holder[last] = copy.deepcopy(other["witness"].get(last, value))
        else:
            field_ = chance.choice(("witness", "pattern", "biases", "inputs", "targets"))
            changed[field_] = copy.deepcopy(chance.choice(others)[field_])
        if not changed:
            break
    return changed


def dichotomy(document: dict[str, Any]) -> str | None:
    """The answer to (a) for one hidden layer with all biases and ReLU, from the masks."""
    if document["penalty"] in ("weights", "all"):
        return "optimum_guaranteed"
    if document["penalty"] != "none":
        return None
    layers = [[str(row) for row in mask] for mask in document["pattern"]["layers"]]
    plain = document["activation"] == "relu" and all(document["biases"])
    if len(layers) != 2 or not plain:
        return None
    below, above = layers
    units = [i for i, row in enumerate(below) if "1" in row]
    feeds = {i: {j for j, row in enumerate(above) if row[i] == "1"} for i in units}
    bad = any(len(feeds[a]) > 1 and feeds[a] & feeds[b] for a in units for b in units if a != b)
    return "no_optimum" if bad else "optimum_guaranteed"


def judge(document: dict[str, Any], original: dict[str, Any], tally: Tally) -> None:
    """Look at an accepted file from outside the kernel."""
    statement = {key: value for key, value in document.items() if key != "witness"}
    same = {key: value for key, value in original.items() if key != "witness"}
    tally.counts["accepted, another statement" if statement != same else "accepted, the same"] += 1
    answer = statement.pop("answer")
    loss = statement["loss"]
    if loss not in LABELS:  # the squared error is in all others
        del statement["loss"]
    key = json.dumps(statement, sort_keys=True)
    if tally.answers.setdefault(key, answer) != answer:
        tally.trouble.append(f"false: both answers accepted: {key}")
    if document["question"] == "a" and loss not in LABELS:
        known = dichotomy(document)
        if known is not None and known != answer:
            tally.trouble.append(f"false: {answer} but R1 says {known}: {key}")
    growing = document["penalty"] == "all" or loss not in NOT_GROWING
    if document["question"] == "a" and answer == "optimum_guaranteed" and not growing:
        tally.trouble.append(f"false: a guarantee for losses that need not grow: {key}")


def run(originals: list[dict[str, Any]], count: int, seed: int) -> Tally:
    """Check ``count`` mutated files."""
    chance, tally = random.Random(seed), Tally()
    for _ in range(count):
        original = chance.choice(originals)
        document = mutate(original, chance, originals)
        start = time.process_time()
        try:
            check_document(document)
        except CertificateError as error:
            tally.counts["refused"] += 1
            if "\n" in str(error) or len(str(error)) > 1000:
                tally.trouble.append(f"not one line: {error}")
        except Exception as error:  # what the fuzzer looks for
            tally.counts["crashed"] += 1
            tally.trouble.append(f"crash: {type(error).__name__}: {error}: {json.dumps(document)}")
        else:
            judge(document, original, tally)
        spent = time.process_time() - start
        tally.slowest = max(tally.slowest, spent)
        if spent > SLOW_S:
            tally.trouble.append(f"slow: {spent:.1f} s: {json.dumps(document)[:2000]}")
    return tally


def main() -> int:
    """Fuzz and print a table; status 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from witnesses import proved

    originals = [document_of(statement, witness) for statement, witness in proved()]
    start = time.monotonic()
    tally = run(originals, args.count, args.seed)
    for name, number in sorted(tally.counts.items()):
        print(f"{name:30} {number:7}")
    print(f"{'slowest check, processor s':30} {tally.slowest:7.2f}")
    print(f"{'troubles':30} {len(tally.trouble):7}   ({time.monotonic() - start:.0f} s in all)")
    for line in tally.trouble[:20]:
        print(line[:3000])
    return 1 if tally.trouble else 0


if __name__ == "__main__":
    raise SystemExit(main())
