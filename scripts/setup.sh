#!/usr/bin/env bash
# Set up what the other commands need: .venv with cadlink and its tools, and the backends.
# Needs Python 3.10-3.13 and git; quick when nothing has changed since the last time.
# Exit status: 0 all there; 3 all but a backend (it has said which, and how to install it); 1 failed.
set -euo pipefail
unset CDPATH PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PYTHONUTF8=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

# A version manager may offer names that do not run, so every candidate is tried.
python=
for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3.10 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
        >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "no Python 3.10, 3.11, 3.12 or 3.13 found; looked for \$PYTHON, python3.11," \
    "python3.12, python3.13, python3.10, python3. On Debian or Ubuntu: apt-get install python3 python3-venv"

# Everything the content of .venv depends on; .venv cannot be moved, so its place is part of it.
wanted=$("$python" - <<'END'
import hashlib, pathlib, sys
digest = hashlib.sha256(repr((sys.version, sys.executable, str(pathlib.Path.cwd()))).encode())
for name in ("setup.cfg", "pyproject.toml", "scripts/setup.sh"):
    digest.update(pathlib.Path(name).read_bytes())
for path in sorted(pathlib.Path("third_party").glob("*.json")):
    digest.update(path.read_bytes())
print(digest.hexdigest())
END
)
stamp=.venv/.cadlink-setup
mark=.venv/.cadlink-made # by this script, which alone gives it the right to start afresh

if ! { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; }; then
    rm -f "$stamp"
    if [ -e .venv ] || [ -L .venv ]; then
        there=$(.venv/bin/python --version 2>/dev/null) || there="no Python that runs"
        fits=yes
        .venv/bin/python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
            >/dev/null 2>&1 || fits=
        if [ -z "$fits" ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
            [ -f "$mark" ] || fail ".venv is there, was not made by this script, and has $there;" \
                "cadlink needs Python 3.10 to 3.13 with pip. Move .venv away and start this again"
            rm -rf .venv
        fi
    fi
    if ! [ -e .venv ]; then
        # Debian keeps the standard library's ensurepip in a package of its own.
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "setup: $python lacks the venv module, installing python3-venv"
            "$python" scripts/install_backends.py --apt python3-venv ||
                fail "could not install python3-venv. As root: apt-get update && apt-get install python3-venv"
        fi
        echo "setup: creating .venv with $("$python" --version)"
        mkdir .venv && : >"$mark" && "$python" -m venv .venv || fail "could not create .venv with $python"
    fi
    echo "setup: installing cadlink and its tools into .venv (the first time takes a few minutes)"
    .venv/bin/python -m pip install --quiet --editable '.[smt,test]' ||
        fail "pip could not install cadlink. By hand: .venv/bin/python -m pip install -e '.[smt,test]'"
    printf '%s\n' "$wanted" >"$stamp"
fi

.venv/bin/python scripts/install_backends.py
