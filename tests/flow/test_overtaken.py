"""A reporter's words that come before the complaint that they are on: kept, and stored once it is there."""
import os

import pytest

from store_door import StoreDoor
from test_hand_back import agency, door, registry, stack  # noqa: F401

CODE, UNIT = bytes(32), "33.01/PUPR"
STORED, REFUSED, WAITING = 1, 3, 4


def unborn():
    return (1700000000500).to_bytes(6, "big") + os.urandom(10)


def said(door, complaint, kind):
    return door.until("select text from event where complaint_id = %s and kind = %s", complaint.hex(), 30 + kind)


def gone(door):
    door.until("select 1 where not exists (select from waiting)")


@pytest.mark.parametrize("kind", [2, 5])
def test_words_that_overtake(stack, door, agency, kind):
    complaint, word = unborn(), os.urandom(16)
    assert door.say(complaint, "Masih rusak", kind, word=word) == (WAITING, True)
    assert door.say(complaint, "Masih rusak", kind, word=word) == (WAITING, False)
    door.place(agency[UNIT], region="33.01", rung=3, complaint=complaint, code=CODE)
    assert said(door, complaint, kind) == [("Masih rusak",)]
    gone(door)
    assert door.say(complaint, "Masih rusak", kind, word=word) == (STORED, False)
    if kind == 5:
        assert stack.sql("select state from complaint where complaint_id = %s", complaint.hex()) == [(8,)]


def test_a_wrong_code_is_refused_then(stack, door, agency):
    complaint = unborn()
    assert door.say(complaint, "Masih rusak") == (WAITING, True)
    door.place(agency[UNIT], region="33.01", rung=3, complaint=complaint, code=bytes([1]) * 32)
    assert door.until("select reason from refused where parent = (select number from complaint where complaint_id = %s)",
                      complaint.hex()) == [("code",)]
    gone(door)


def test_they_may_tell_of_misconduct(stack, door, agency):
    complaint = unborn()
    assert door.say(complaint, "Petugasnya minta uang", alarms=True) == (WAITING, True)
    door.place(agency[UNIT], region="33.01", rung=3, complaint=complaint, code=CODE)
    asked = door.was_asked(1)
    assert asked["id"] == complaint and b"minta uang" in asked["since"] and asked["holder"] == agency[UNIT]
    gone(door)


def test_a_store_that_starts_again(stack, door, agency):
    complaint = unborn()
    assert door.say(complaint, "Masih rusak") == (WAITING, True)
    stack["store"].kill()
    stack["store"].start()
    again = StoreDoor(stack, "again")
    again.place(agency[UNIT], region="33.01", rung=3, complaint=complaint, code=CODE)
    assert said(again, complaint, 2) == [("Masih rusak",)]
    gone(again)


def test_they_are_given_back_once_however_long_it_takes(stack, door, agency):
    complaint = unborn()
    assert door.say(complaint, "Masih rusak") == (WAITING, True)
    hold = stack.postgres.connect()
    with hold.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table refused in exclusive mode")  # the statement that stores words may write there
        door.place(agency[UNIT], region="33.01", rung=3, complaint=complaint, code=CODE)
        stack.wait("select 1 from pg_locks where not granted")
        door.turn(11)  # two scans
        assert "waiting to be placed: 0\n" in stack.show("store", "queues")
    hold.close()
    assert said(door, complaint, 2) == [("Masih rusak",)]
    gone(door)
