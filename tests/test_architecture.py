"""The direction of imports: data flows one way, and the kernel stands alone."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "cadlink"

# A part may import parts further up in this list (and itself); each line is one floor.
FLOORS = (
    {
        "clock",
        "errors",
        "late",
        "once",
        "patterns.kronecker",
        "patterns.labelling",
        "backends.watchdog",
        "certificates.data",
    },
    {
        "patterns.pattern",
        "patterns.group",
        "logic.polynomial",
        "logic.tokens",
        "backends.process",
        "files",
        "json_text",
    },
    {"patterns.families", "logic.formula", "modular"},
    {"logic.terms", "logic.algebraic"},
    {
        "logic.reader",
        "logic.smtlib",
        "patterns.masks",
        "logic.simplify",
        "logic.notation",
        "logic.symbolic",
    },
    {"logic.encode", "certificates.read", "patterns.matrix"},
    {"certificates.kernel", "logic.scaling", "writing"},
    {"certificates.membership"},
    {"rules", "search", "backends", "deciding.known_obstructions"},
    {"backends.cache", "explanations"},
    {"backends.engine", "database"},
    {"deciding.decision", "deciding.oracle", "deciding.deep_obstructions"},
    {"deciding.strategies"},
    {"deciding.decider", "qe"},
    {"networks", "census", "membership"},
    {"report", "live"},
    {"cli"},
    {"__main__"},
)
# Parts of one floor do not know each other, but for these.
NEIGHBOURS = {
    ("patterns.families", "logic.formula"),
    ("logic.polynomial", "patterns.group"),
    ("logic.simplify", "logic.notation"),
}


def part_of(module: str) -> str:
    """The entry of FLOORS a module belongs to."""
    names = module.split(".")
    two = ".".join(names[:2])
    return two if any(two in floor for floor in FLOORS) else names[0]


def imports(path: Path) -> set[str]:
    """The modules of the package a file imports anywhere, late imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "cadlink":
                names = [f"cadlink.{alias.name}" for alias in node.names]
            else:
                names = [node.module]
        for name in names:
            if name.startswith("cadlink."):
                found.add(name.removeprefix("cadlink."))
    return found


def modules() -> dict[str, Path]:
    """Every module of the package, without the packages' own ``__init__`` at the top."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        name = name.removesuffix(".__init__")
        if name != "__init__" and not name.startswith("third_party"):
            found[name] = path
    return found


def test_every_part_has_a_floor() -> None:
    parts = {part for floor in FLOORS for part in floor}
    missing = {name for name in modules() if part_of(name) not in parts}
    assert missing <= {"certificates", "deciding", "logic", "patterns"}  # an __init__ without code
    assert parts <= {part_of(name) for name in modules()}


def test_arrows_point_one_way() -> None:
    floor_of = {part: number for number, floor in enumerate(FLOORS) for part in floor}
    public = {
        "Pattern": "patterns.pattern",
        "decide": "deciding.decider",
        "Decider": "deciding.decider",
        "read": "patterns.masks",
    }
    wrong = []
    for name, path in modules().items():
        part = part_of(name)
        if part not in floor_of:
            continue
        for imported in imports(path):
            other = part_of(public.get(imported, imported))
            if other not in floor_of or other == part:
                continue
            lower = floor_of[other] < floor_of[part]
            if not lower and (other, part) not in NEIGHBOURS and (part, other) not in NEIGHBOURS:
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_the_kernel_shares_no_code_with_what_it_checks() -> None:
    allowed = {
        "errors",
        "once",
        "json_text",
        "patterns.pattern",
        "certificates.data",
        "certificates.read",
        "certificates.kernel",
    }
    for name, path in modules().items():
        if name.startswith("certificates."):
            used = {part_of(imported) for imported in imports(path)}
            assert used <= allowed, (name, used - allowed)


def test_the_network_kernel_shares_no_code_with_the_theorems() -> None:
    allowed = {"errors", "patterns.pattern", "certificates.read", "certificates.kernel"}
    for name, path in modules().items():
        if name.startswith("networks.kernel"):
            used = {
                other if other.startswith("networks") else part_of(other)
                for other in imports(path)
                if not other.startswith("networks.kernel")
            }
            used.discard("certificates")  # the package that holds the kernel
            assert used <= allowed, (name, used - allowed)


def test_only_one_module_starts_programs() -> None:
    starters = set()
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                listed = [alias.name for alias in node.names]
                source = getattr(node, "module", None)
                if "subprocess" in listed or source == "subprocess":
                    starters.add(name)
    assert starters <= {"backends.process", "backends.watchdog"}, starters
