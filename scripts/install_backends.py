"""Install the programs that cadlink runs, as third_party/*.json says.  Standard library only.

    python scripts/install_backends.py                  install what is missing
    python scripts/install_backends.py --apt PACKAGE    install Debian packages

Exit status: 0 everything needed is there, 3 something is missing (and how to install it was said).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

THIRD_PARTY = Path(__file__).resolve().parent.parent / "third_party"


def say(message: str) -> None:
    print(f"setup: {message}", flush=True)


def as_root() -> list[str] | None:
    """What to put before a command to run it as root, or None when that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def apt(packages: list[str]) -> bool:
    """Install Debian packages; the package lists are fetched only when needed."""
    root = as_root()
    if root is None or shutil.which("apt-get") is None:
        return False
    apt_get = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    apt_get += ["-o", "DPkg::Lock::Timeout=300"]
    install = [*apt_get, "install", "--no-install-recommends", *packages]

    def run(command: list[str]) -> bool:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if finished.returncode:
            tail = finished.stdout.strip().splitlines()[-3:]
            say(f"{' '.join(command)}: status {finished.returncode}\n  " + "\n  ".join(tail))
        return finished.returncode == 0

    say(f"apt-get install {' '.join(packages)}")
    # A fresh system has no package lists; old lists may name files that are gone.
    return run(install) or (run([*apt_get, "update"]) and run(install))


def pip(packages: list[str]) -> bool:
    """Install Python packages, without what they would pull in, beside this interpreter."""
    say(f"pip install {' '.join(packages)}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *packages]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


WAYS = {"apt": apt, "pip": pip}


def missing(name: str) -> tuple[str, ...]:
    """The commands that install it by hand; empty when it is there and runs."""
    # Only here: with --apt this file runs before cadlink is installed.
    from cadlink.backends import locate

    found = locate.find(name)
    return found.install if isinstance(found, locate.NotFound) else ()


def install(entry: dict[str, Any]) -> bool:
    """Install one program unless it is there; says so when that is not possible."""
    name = entry["name"]
    if not missing(name):
        return True
    say(f"{entry['title']} is missing")
    if any(WAYS[way["how"]](way["packages"]) and not missing(name) for way in entry["install"]):
        return True
    say(f"could not install {entry['title']}. By hand, one of (apt-get as root):")
    for command in missing(name):
        print(f"    {command}")
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--apt", nargs="+", metavar="PACKAGE", help="install Debian packages only")
    args = parser.parse_args()
    if args.apt:
        return 0 if apt(args.apt) else 3
    files = sorted(THIRD_PARTY.glob("*.json"))
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    done = [install(entry) for entry in entries if entry["needed"]]
    return 0 if all(done) else 3


if __name__ == "__main__":
    sys.exit(main())
