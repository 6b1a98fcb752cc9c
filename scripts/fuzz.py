"""Hostile certificates and files, at random: nothing false passes, nothing hangs.

    python scripts/fuzz.py                                   a short run of every kind
    python scripts/fuzz.py certificates --count 20000
    python scripts/fuzz.py files --count 5000 --seed 7
    python scripts/fuzz.py certificates --seed 7 --only 4321   this case again, printed

certificates   proofs of every rule, changed (numbers, types, structure, pieces of other proofs,
               other problems) and put to the kernel.  What it accepts must agree with what is known
               of the problem: from the unchanged proof, or from a decision of its own
files          files of every kind the package reads, cut off, with bits flipped, with pieces of
               other files; only the documented errors may come

A case depends on the seed and its number alone.  Counted: tried, accepted, resting on a backend's
word (not judged), false, crashes, slower than 2 s of the processor.  Exit status 1 if any of the
last three is not 0.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cadlink import Decider, Pattern
from cadlink.certificates.kernel import check_proof
from cadlink.database.queries import PatternDatabase
from cadlink.errors import CadlinkError, CertificateError
from cadlink.networks.readers import tables
from cadlink.networks.readers.models import pattern_of
from cadlink.patterns import masks
from cadlink.patterns.families import build
from cadlink.patterns.group import Group

CASES = Path(__file__).parents[1] / "tests" / "certificates" / "test_mutations.py"
SLOW = 2.0
AGREES = {"free": {"free", "closed"}, "closed": {"closed"}, "not_closed": {"not_closed"}}
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2,
    63,
    10**9,
    10**399,
    0.5,
    1e308,
    "",
    "0",
    "1/2",
    "-3/7",
    "1/0",
    "1e999999999",
    "x_1_0_0",
    [],
    {},
    [[]],
    [0, 0],
)


@dataclass(frozen=True)
class Outcome:
    """What became of one case: "rejected", "accepted", "on a word", "false" or "crash"."""

    kind: str
    seconds: float
    text: str = ""


# -- changing JSON values --------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside, the whole first."""
    yield path
    if isinstance(value, Mapping):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def inside(value: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


def changed(value: Any, others: list[Any], rng: random.Random) -> Any:
    """The value, one to three places in it changed; pieces of the others may come in."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        path = rng.choice(list(places(value)))
        new = replacement(inside(value, path), others, rng)
        if path:
            inside(value, path[:-1])[path[-1]] = new
        else:
            value = new
    return value


def replacement(old: Any, others: list[Any], rng: random.Random) -> Any:
    """What to put in the place of one value."""
    if rng.random() < 0.1:
        return copy.deepcopy(rng.choice(ODD))
    if rng.random() < 0.15:
        other = rng.choice(others)
        alike = [path for path in places(other) if type(inside(other, path)) is type(old)]
        return copy.deepcopy(inside(other, rng.choice(alike))) if alike else old
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return rng.choice((old + 1, old - 1, -old, 2 * old, rng.randrange(5)))
    if isinstance(old, str) and set(old) <= {"0", "1"} and old:
        place = rng.randrange(len(old))
        return old[:place] + rng.choice(("0", "1", "", "00")) + old[place + 1 :]
    if isinstance(old, list) and old:
        new, place = list(old), rng.randrange(len(old))
        how = rng.randrange(5)
        if how == 0:
            del new[place]
        elif how == 1:
            new.insert(place, copy.deepcopy(rng.choice(old)))
        elif how == 2:
            new.reverse()
        elif how == 3:
            rng.shuffle(new)
        else:
            other = rng.randrange(len(new))
            new[place], new[other] = new[other], new[place]
        return new
    if isinstance(old, dict) and old:
        changed, key = dict(old), rng.choice(list(old))
        how = rng.randrange(3)
        if how == 0:
            del changed[key]
        elif how == 1:
            changed[f"{key}_"] = 0
        else:
            other = rng.choice(list(old))
            changed[key], changed[other] = changed[other], changed[key]
        return changed
    return copy.deepcopy(rng.choice(ODD))


# -- certificates ----------------------------------------------------------------------------------


class Certificates:
    """Proofs of every rule, from the kernel's tests, and what the problems are known to be."""

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location("fuzz_cases", CASES)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["fuzz_cases"] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        self.cases = module.CASES
        # What rests on the made-up words of backends is not known; a decision says what is true.
        self._sure = {
            case.name for case in self.cases if not check_proof(case.problem, case.proof).holes
        }
        self._decider = Decider()
        self._known: dict[str, str | None] = {}

    def close(self) -> None:
        """Stop what was started for the comparison."""
        self._decider.close()

    def case(self, rng: random.Random) -> tuple[Any, Any, str | None]:
        """A problem, a changed proof, and the truth if the problem is one of the known ones."""
        case = rng.choice(self.cases)
        how = rng.random()
        proofs = [other.proof for other in self.cases]
        truth = case.truth if case.name in self._sure else None
        if how < 0.6:
            return case.problem, changed(case.proof, proofs, rng), truth
        problems = [other.problem for other in self.cases]
        if how < 0.75:
            return case.problem, rng.choice(proofs), truth
        problem = changed(case.problem, problems, rng)
        if how < 0.9:
            return problem, case.proof, None
        return problem, changed(case.proof, proofs, rng), None

    def put(self, given: tuple[Any, Any, str | None]) -> tuple[str, str]:
        """What the kernel says, and whether it is true."""
        problem, proof, truth = given
        try:
            found = check_proof(problem, proof)
        except CertificateError:
            return "rejected", ""
        if found.holes:
            return "on a word", ""
        truth = self._truth(problem) if truth is None else truth
        if truth is None:
            return "not judged", found.conclusion
        right = found.conclusion in AGREES[truth] or (truth, found.conclusion) == ("closed", "free")
        return ("accepted" if right else "false"), f"{found.conclusion}, known: {truth}"

    def _truth(self, problem: Any) -> str | None:
        """What a decision says about another problem."""
        key = json.dumps(problem)
        if key not in self._known:
            if isinstance(problem, dict):
                decision = self._decider.decide(Pattern.from_json(problem))
                verdict = decision.verdict.value
                self._known[key] = None if verdict == "unknown" else verdict
            else:
                group = Group.of([{(j, k) for j, k in neuron} for neuron in problem])
                self._known[key] = self._decider.settle(group).conclusion
        return self._known[key]


# -- files -----------------------------------------------------------------------------------------


def _sources(folder: Path) -> dict[str, bytes]:
    """A right file of every kind."""
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import save_file

    pattern = build("lu:3")
    for suffix in ("json", "npz", "txt"):
        masks.write(pattern, folder / f"a.{suffix}")
    np.save(folder / "a.npy", np.eye(3))
    (folder / "a.csv").write_text("0,1,2\n0.5,1/3,-2e-3\n7,8,9\n", encoding="utf-8")
    weight = np.tril(np.ones((3, 3), dtype=np.float32))
    tensors = {"0.weight": weight, "2.weight": weight.T.copy()}
    save_file(tensors, folder / "a.safetensors")
    torch.save({name: torch.from_numpy(w) for name, w in tensors.items()}, folder / "a.pt")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in "xy")
    nodes = [
        helper.make_node("Gemm", ["x", "v"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w"], ["y"], transB=1),
    ]
    constants = [numpy_helper.from_array(weight, "v"), numpy_helper.from_array(weight.T, "w")]
    graph = helper.make_graph(nodes, "g", [x], [y], constants)
    onnx.save(helper.make_model(graph), str(folder / "a.onnx"))
    shipped = Path(masks.__file__).parents[1] / "data" / "patterns.sqlite"
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return {**found, "a.sqlite": _small_database(shipped, folder / "small.sqlite")}


def _small_database(shipped: Path, target: Path) -> bytes:
    """The schema and a few rows of the shipped database."""
    import sqlite3

    with sqlite3.connect(f"file:{shipped}?mode=ro", uri=True) as whole:
        statements = [
            (name, sql)
            for name, sql in whole.execute("SELECT name, sql FROM sqlite_master WHERE sql NOTNULL")
            if not name.startswith("sqlite_")
        ]
        rows = {
            name: whole.execute(f'SELECT * FROM "{name}" LIMIT 30').fetchall()
            for name, sql in statements
            if sql.startswith("CREATE TABLE")
        }
        stamps = [whole.execute(f"PRAGMA {key}").fetchone()[0] for key in STAMPS]
    with sqlite3.connect(target) as small:
        for _, sql in statements:
            small.execute(sql)
        for name, values in rows.items():
            for row in values:
                marks = ",".join("?" * len(row))
                small.execute(f'INSERT INTO "{name}" VALUES ({marks})', row)
        for key, value in zip(STAMPS, stamps, strict=True):
            small.execute(f"PRAGMA {key} = {value}")
    small.close()
    return target.read_bytes()


STAMPS = ("application_id", "user_version")


def _look_up(path: Path) -> None:
    database = PatternDatabase.open(path)
    try:
        database.lookup(build("lu:2"))
    finally:
        database.close()


class Files:
    """A file of every kind the package reads, and its public reader."""

    READERS: Mapping[str, Callable[[Path], object]] = {
        ".json": masks.read,
        ".npz": masks.read,
        ".npy": masks.read,
        ".txt": masks.read,
        ".csv": tables.read,
        ".safetensors": pattern_of,
        ".pt": pattern_of,
        ".onnx": pattern_of,
        ".sqlite": _look_up,
    }

    def __init__(self) -> None:
        self._room = tempfile.TemporaryDirectory()
        self._folder = Path(self._room.name)
        self.sources = _sources(self._folder)

    def close(self) -> None:
        """The folder goes."""
        self._room.cleanup()

    def case(self, rng: random.Random) -> tuple[str, bytes]:
        """The name and the bytes of a changed file."""
        name = rng.choice(sorted(self.sources))
        content = bytearray(self.sources[name])
        how = rng.randrange(5)
        if how == 0:
            del content[rng.randrange(len(content)) :]
        elif how == 1:
            for _ in range(rng.choice((1, 2, 8, 64))):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        elif how == 2:
            for _ in range(rng.choice((1, 2, 4))):
                content[rng.randrange(len(content))] = rng.choice((0, 0x7F, 0x80, 0xFF))
        elif how == 3:
            other = self.sources[rng.choice(sorted(self.sources))]
            start, length = rng.randrange(len(other)), rng.randrange(1, 200)
            place = rng.randrange(len(content))
            content[place : place + rng.choice((0, length))] = other[start : start + length]
        else:
            text = rng.choice(
                (b"9" * 400, b"1e999999999", b"[" * 2000, b"\x00" * 9, b"NaN", b"\xff")
            )
            place = rng.randrange(len(content))
            content[place : place + rng.choice((0, len(text)))] = text
        return name, bytes(content)

    def put(self, given: tuple[str, bytes]) -> tuple[str, str]:
        """What the reader says."""
        name, content = given
        path = self._folder / f"case{Path(name).suffix}"
        path.write_bytes(content)
        try:
            self.READERS[path.suffix](path)
        except CadlinkError as error:
            return ("crash" if "\n" in str(error) else "rejected"), str(error)
        return "accepted", ""


KINDS: dict[str, Callable[[], Certificates | Files]] = {
    "certificates": Certificates,
    "files": Files,
}


def run_case(source: Any, seed: int, number: int) -> tuple[Any, Outcome]:
    """One case, and what became of it."""
    given = source.case(random.Random(f"{seed} {number}"))
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind, text = source.put(given)
    except Exception:  # whatever it is, it is what is looked for
        kind, text = "crash", traceback.format_exc()
    return given, Outcome(kind, time.process_time() - start, text)


def fuzz(kind: str, seed: int, count: int, told: Callable[[str], None] = print) -> Counter[str]:
    """Try so many cases; what is false, crashes or is slow is told in full."""
    counts: Counter[str] = Counter()
    source = KINDS[kind]()
    try:
        for number in range(count):
            given, outcome = run_case(source, seed, number)
            counts["tried"] += 1
            counts[outcome.kind] += 1
            slow = outcome.seconds > SLOW
            counts["slow"] += slow
            if slow or outcome.kind in ("false", "crash"):
                told(
                    f"{kind} --seed {seed} --only {number}: {outcome.kind}, {outcome.seconds:.1f} s"
                )
                told(f"  {given!r}"[:2000])
                told(f"  {outcome.text}")
    finally:
        source.close()
    return counts


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=500, help="cases of each kind")
    parser.add_argument("--only", type=int, help="this case alone, printed whole")
    args = parser.parse_args()
    unknown = set(args.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    bad = 0
    for kind in args.kinds or KINDS:
        if args.only is not None:
            source = KINDS[kind]()
            given, outcome = run_case(source, args.seed, args.only)
            source.close()
            print(given)
            print(outcome.kind, f"{outcome.seconds:.2f} s", outcome.text)
            continue
        counts = fuzz(kind, args.seed, args.count, lambda text: print(text, flush=True))
        keys = (
            "tried",
            "accepted",
            "rejected",
            "on a word",
            "not judged",
            "false",
            "crash",
            "slow",
        )
        print(f"{kind}: " + ", ".join(f"{counts[key]} {key}" for key in keys), flush=True)
        bad += counts["false"] + counts["crash"] + counts["slow"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
