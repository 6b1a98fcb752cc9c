"""The subcommand network, as a user meets it."""

from __future__ import annotations

import json

import pytest

from cadlink.cli.main import main


@pytest.mark.parametrize(
    "source",
    ["lu:2", "dense:4-3-1", "dense:64-100-100-10", "1/1/1;111;1/1;11;1", "butterfly:8"],
)
def test_the_answer_about_a_network_fits_on_a_screen(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["network", source])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    guaranteed = any(line.startswith("OPTIMUM GUARANTEED") for line in lines)
    assert guaranteed != any(line.startswith("do first ") for line in lines)
    main(["network", source, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert bool(found["obstacles"]) != guaranteed
    edges = [one["edges"] for one in found["obstacles"]]
    assert edges == sorted(edges, reverse=True)
