"""Limits count by hours, minutes and days of the clock.  What a test counts in one of them must not begin at its end.

    room(30)              # at least 30 s are left of this hour, and so of this day, in every zone of whole hours
    room(10, MINUTE)
"""
import time

MINUTE, HOUR = 60, 3600


def room(seconds, window=HOUR, clock=time):
    """Returns when so many seconds are left of the window that now is: at once, or when the next one has begun."""
    assert seconds < window
    while (left := window - clock.time() % window) < seconds:
        clock.sleep(left)
