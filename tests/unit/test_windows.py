"""tests/support/windows.py: a test begins where its window has room for it."""
import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from windows import HOUR, MINUTE, room  # noqa: E402


class Clock:
    """Sleeps a little too short, as clocks do."""

    def __init__(self, now):
        self.now, self.slept = now, 0

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now, self.slept = self.now + seconds - 0.001 * (not self.slept), self.slept + seconds


@pytest.mark.parametrize("at, seconds, window, slept", [(0, 30, HOUR, 0), (3569, 30, HOUR, 0), (3571, 30, HOUR, 29), (86399, 30, HOUR, 1), (55, 10, MINUTE, 5), (3550, 10, MINUTE, 0)])
def test_room(at, seconds, window, slept):
    clock = Clock(at)
    room(seconds, window, clock)
    assert clock.slept == pytest.approx(slept, abs=0.01) and window - clock.now % window >= seconds
