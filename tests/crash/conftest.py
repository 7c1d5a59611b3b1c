"""Where the crash tests find the private stack and the Python peers."""
import os
import shutil
import sys
import tempfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "support"), os.path.join(ROOT, "tests", "protocol")]


@pytest.fixture
def folder():
    """A folder that PostgreSQL's own user may enter, on a real file system."""
    path = tempfile.mkdtemp(prefix="aduan-crash-", dir="/var/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
