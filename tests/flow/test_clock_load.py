"""tests/rows/t32_timers, small: its figures are for the row, its findings hold here, too."""
from clocks import ClockLoad
from stack import Stack


def test_timers_among_many(folder):
    with Stack(folder, programs=("store",)) as stack:
        stack["store"].stop()
        figures, problems = ClockLoad(stack, 2000, 10000, sanitized=True).run()
        assert not problems, problems
        assert figures["steps written"] > 2000
        stack.checks()
