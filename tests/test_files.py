"""Reading only what ends, writing whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from cadlink import files
from cadlink.errors import InputError


def test_what_grows_while_it_is_read_is_not_read_beyond_the_limit() -> None:
    class Growing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"1" * size

    with pytest.raises(InputError, match="standard input: expected at most 3000000 bytes"):
        files.read_stdin(3_000_000, Growing())


def test_a_file_keeps_its_old_content_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "words"
    files.write(target, "old")

    def interrupted() -> None:
        with files.replacing(target) as name:
            name.write_text("new and half wri")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["words"]
    assert files.read(target) == b"old"


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/words")
    files.write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert files.read(tmp_path / "link") == b"new"


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_is_as_readable_as_any(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        files.write(tmp_path / "words", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "words").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("name", ["no/words", "pipe", ".", "x" * 300, "nul\0"])
def test_where_no_file_can_be_put(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot write"):
        files.write(tmp_path / name, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
