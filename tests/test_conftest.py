"""The rules of the test run hold: skips fail, and the user's cache is out of reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cadlink.backends.cache import default_path

CONFTEST = Path(__file__).with_name("conftest.py")

PASSES = "def test_it():\n    pass\n"
FAILS = (
    "import pytest\n\n@pytest.mark.skip\ndef test_it():\n    pass\n",
    "import pytest\n\ndef test_it():\n    pytest.skip('not today')\n",
    "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n",
    "import pytest\npytest.importorskip('no_such_module')\n\ndef test_it():\n    pass\n",
    "import os\n\ndef test_it():\n    os.environ['CADLINK_CACHE'] = ''\n",
    "import subprocess\n\ndef test_it(alive):\n    subprocess.Popen(['sleep', '6'])\n",
)


def test_what_fails_a_run(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path)
    for number, test in enumerate((PASSES, *FAILS)):
        (tmp_path / f"test_{number}.py").write_text(test)
    run = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"]
    run += ["--continue-on-collection-errors", str(tmp_path)]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    bad = {line.split()[1] for line in lines if line.startswith(("FAILED ", "ERROR "))}
    assert {name.partition("::")[0] for name in bad} == {f"test_{n}.py" for n in range(1, 7)}
    assert "PASSED test_0.py::test_it" in lines


def test_the_cache_of_this_run_is_not_the_users() -> None:
    path = default_path()
    assert path is not None
    assert "cadlink-tests-" in str(path)
    assert not path.is_relative_to(Path("~").expanduser() / ".cache")
    assert os.environ["XDG_CACHE_HOME"] == str(path.parent)
