"""The atlas: well formed, whole, nothing fetched, and curves that are curves."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cadlink.census.build import build
from cadlink.census.pool import Crew
from cadlink.census.tasks import Spec
from cadlink.cli.main import main
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits
from cadlink.patterns.pattern import Pattern
from cadlink.report.drawing import curve_table, pattern_svg

VOID = {"meta", "rect", "br"}


class Reader(HTMLParser):
    """Every opened element is closed in order; addresses are noted."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("atlas")
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    lists = [Spec("two", (2, m, 2)) for m in (2, 3)] + [Spec("any", (2, 2)), Spec("any", (2, 3))]
    build(folder / "db", lists, crew, Limits(20))
    crew.close()
    assert main(["db", "report", str(folder / "db"), "--html", str(folder / "out")]) == 0
    with PatternDatabase.open(folder / "db") as database:
        assert database.count("minimal=1") == 3
    return Path(folder, "out", "index.html").read_text(encoding="utf-8")


def test_the_page(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert all(f'id="{name[1:]}"' in page for name in reader.addresses)  # nowhere else
    assert "http" not in page
    assert "url(" not in page
    assert reader.count["svg"] == 3
    assert page.count('class="curve"') == 3
    assert "Minimal obstructions (3)" in page


def test_numbers_agree(page: str) -> None:
    tiles = re.findall(r"<b>([\d,]+)</b><span>([\w ]+)</span>", page)
    counts = {name: int(number.replace(",", "")) for number, name in tiles}
    assert counts["patterns"] == counts["closed"] + counts["not closed"] + counts["unknown"]
    assert counts["minimal obstructions"] == 3


def test_a_drawing() -> None:
    drawn = pattern_svg(Pattern.of(["11/01", "10/11"]))
    assert drawn.count("<rect") == 12
    assert drawn.count('class="f"') == 6
    assert drawn.count('class="s"') == 4


def test_a_curve() -> None:
    data = {
        "factors": [[[0, 0, [[-1, 1]]]], [[0, 0, [[0, -1], [1, "1/2"]]]]],
        "limit": [[0, 0, -2]],
    }
    shown = curve_table(Pattern.of(["1", "1"]), data)
    assert "t<sup>&minus;1</sup>" in shown
    assert "&minus;1 + 1/2t" in shown
    assert "&minus;2" in shown
