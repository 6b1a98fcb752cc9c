"""Every model of the zoo is read as it computes, or refused in one line that says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from networks.readers.zoo import Entry, entries

from cadlink import Pattern
from cadlink.errors import InputError
from cadlink.networks.readers.models import model_of

ZOO = list(entries())


@pytest.mark.parametrize("entry", ZOO, ids=[f"{entry.kind}: {entry.name}" for entry in ZOO])
def test_right_answer(entry: Entry, tmp_path: Path) -> None:
    source = entry.make(tmp_path)
    if isinstance(entry.answer, str):
        with pytest.raises(InputError, match=entry.answer) as caught:
            model_of(source, **entry.options)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "victim").exists()
        return
    found = model_of(source, **entry.options)
    assert isinstance(entry.answer, Pattern)
    assert found.pattern == entry.answer
    assert hash(found.pattern) == hash(entry.answer)
    assert (found.activation, entry.uncovered in found.uncovered) == (entry.activation, True)
    assert bool(found.uncovered) == bool(entry.uncovered)
    if entry.biases is not None:
        assert found.biases == entry.biases
    assert len(found.layers) == entry.answer.depth
    told = "ASSUMED" in "\n".join(found.lines())
    assert told or all(layer.seen for layer in found.layers)


def test_the_zoo_is_large() -> None:
    assert len(ZOO) >= 300
    assert len({(entry.kind, entry.name) for entry in ZOO}) == len(ZOO)
    assert len([entry for entry in ZOO if entry.kind != "modules"]) >= 200
