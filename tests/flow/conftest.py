"""Where the flow tests find the private stack and the Python peers."""
import os
import shutil
import sys
import tempfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "support"), os.path.join(ROOT, "tests", "protocol")]

from stack import Stack  # noqa: E402,F401
from windows import room  # noqa: E402


@pytest.fixture(autouse=True)
def young_hour():
    """Limits, nights and days begin anew with an hour of the clock: no test begins just before."""
    room(30)


@pytest.fixture(scope="module")
def folder():
    """A folder that PostgreSQL's own user may enter, on a real file system."""
    path = tempfile.mkdtemp(prefix="aduan-flow-", dir="/var/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(folder):
    """The plain one; a module that needs another has its own."""
    with Stack(folder) as running:
        yield running


@pytest.fixture(scope="module")
def web(stack):
    return stack.adapter()


@pytest.fixture(scope="module")
def worker(stack):
    return stack.worker()


@pytest.fixture(scope="module")
def liaison(stack):
    return stack.person("91.01/PUPR", "liaison")


@pytest.fixture(scope="module")
def boss(stack):
    """Who is above that liaison."""
    return stack.person("91.01", "coordinator")
