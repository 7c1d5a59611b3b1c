"""Twelve power cuts of the spool, and the two that must lose: what the row t2_power_cut does 400 times."""
import random

import pytest

from power import caught, series


def test_power_cuts(folder):
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    problems = series(folder, seed, 8, 4)
    assert not problems, "\n".join(problems[:20])


@pytest.mark.parametrize("mutant, slow", [("no_sync", 0), ("ack_first", 20000)])
def test_the_unsafe_is_caught(folder, mutant, slow):
    assert caught(folder, 1, mutant, 10, slow)
