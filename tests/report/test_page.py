"""The page about a network or a run: whole, in one file, and nothing fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cadlink.cli.main import main
from cadlink.networks import decide_network, training_set
from cadlink.networks.experiments.training import Task, train


class Outline(HTMLParser):
    """The headings, what is fetched, and whether all that is opened is closed."""

    VOID = ("meta", "br", "path", "use", "rect", "image")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not str(value).startswith(("#", "data:")):
                self.fetched.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID or tag == "rect":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def outline(path: Path) -> tuple[str, Outline]:
    text = path.read_text(encoding="utf-8")
    found = Outline(text)
    assert not found.fetched
    assert "<script" not in text
    assert "default-src &#x27;none&#x27;" in text
    assert 'name="viewport"' in text
    return text, found


def test_of_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert main(["network", "dense:2-2-2", "--report", str(page)]) == 0
    text, found = outline(page)
    assert found.headings == [
        "What to do, the first thing first",
        "In the way of a guarantee, the worst layer first",
        "What is taken for granted",
        "The network as it was read",
        "The training set",
        "How to reproduce it",
    ]
    assert "<b>NO OPTIMUM</b>" in text
    assert "cadlink network dense:2-2-2 <code>--report</code>" in text
    assert "layer 1: hidden units 0, 1 feed several outputs" in text
    assert "add <code>--inputs</code> X" in text
    assert text.count("<svg") == 1
    assert "Marked: input 0; units 0, 1 of hidden layer 1; outputs 0, 1." in text
    unknown = tmp_path / "unknown.html"
    data = tmp_path / "data.npz"
    np.savez(data, X=np.arange(6.0).reshape(3, 2), y=np.array([0, 1, 0]))
    given = ["--inputs", str(data), "--targets", str(data), "--loss", "cross_entropy"]
    assert main(["network", "dense:2-2-2", *given, "--report", str(unknown)]) == 3
    text, found = outline(unknown)
    assert "Why there is no answer" in found.headings
    capsys.readouterr()


def test_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = training_set(decide_network("lu:2"), "N1")
    xs, ys = data.to_numpy()
    run = train(Task(data.pattern, xs, ys), "lbfgs", 600, seed=2, engine="scipy")
    np.savez(tmp_path / "<b>&.npz", *run.parameters)
    data.save(tmp_path / "data.csv")
    page = tmp_path / "page.html"
    given = ["--inputs", str(tmp_path / "data.csv"), "--targets", str(tmp_path / "data.csv")]
    assert main(["diagnose", str(tmp_path / "<b>&.npz"), *given, "--report", str(page)]) == 0
    text, found = outline(page)
    assert "The run" in found.headings
    assert text.count("<svg") == 2
    assert "&lt;b&gt;&amp;.npz</h1>" in text
    assert "going to infinity, for this reason" in re.sub(r"\s+", " ", text)
    capsys.readouterr()


def test_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in (("page.pdf", "a name ending in .html"), ("no/page.html", "no such folder")):
        assert main(["network", "lu:2", "--report", str(tmp_path / name)]) == 1
        assert words in capsys.readouterr().err
