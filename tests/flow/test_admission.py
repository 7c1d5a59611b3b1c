"""What intake does not take in, and what libaduan does not even send: by code and field, nothing stored."""
import datetime
import json
import os
import subprocess

import pytest

from conftest import Stack
from stack import BUILD


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=("store", "router", "intake"), adapters=("web", "cli"), workers={"desk": ["ID"]}) as running:
        yield running


def submit(stack, *arguments, text="Lampu jalan padam"):
    """(status, what it says) of `aduan submit`."""
    env = dict(os.environ)
    done = subprocess.run([os.path.join(BUILD, "deploy", "aduan", "aduan"), "submit", "--json", "--text", text, *arguments, "-c", stack.settings],
                          text=True, capture_output=True, check=False, timeout=60, env=env)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def refused(stack, reject, field, *arguments):
    status, said = submit(stack, *arguments)
    assert (status, said["result"], said.get("reject"), said.get("field")) == (65, "rejected", reject, field), said


def taken(stack, *arguments):
    status, said = submit(stack, *arguments)
    assert (status, said["result"]) == (0, "accepted"), said
    return stack.wait("select complaint_id from complaint where complaint_id = %s", said["id"])


def day(later):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=later)).date().isoformat()


@pytest.mark.parametrize("text", [b"\0\0\0", b"\xff\xfe", "\ufffd \n\ufffd", "\u00a0\u3000\u200b", b"\x01\0 "])
def test_nothing_said_is_empty(stack, text):
    how, said = stack.adapter().submit(text)
    assert (how, said[2], said[3]) == ("reject", 7, "text")


@pytest.mark.parametrize("text", [b"\0x\0", "\ufffd1", "\U0001f620"])
def test_a_little_said_is_taken(stack, text):
    assert stack.adapter().submit(text)[0] == "accepted"


@pytest.mark.parametrize("incident", ["2026-13-45", "2026-00-10", "2026-02-30", "2025-02-29", "1900-02-29", "2026-04-31", "2026-04-00",
                                      "0000-01-01", "1944-12-31", "2026-1-01", "9999-12-31"])
def test_no_date_of_an_incident(stack, incident):
    refused(stack, "value", "incident", "--incident", incident)


def test_dates_of_incidents(stack):
    """In the east it is tomorrow already; the day after is nowhere."""
    refused(stack, "value", "incident", "--incident", day(2))
    for incident in (day(0), day(1), "2024-02-29", "2000-02-29", "1998-05-14", "1945-01-01"):
        taken(stack, "--incident", incident)


def test_half_a_place(stack):
    refused(stack, "missing", "longitude", "--latitude", "-6.2")
    taken(stack, "--longitude", "109.33")  # on the equator
    taken(stack, "--latitude", "-6.2", "--longitude", "106.8")
    taken(stack, "--latitude", "0.0000001", "--longitude", "109.3")


@pytest.mark.parametrize("contact", ["notanaddress", "a@b, c@d", "sari@example.org\nBcc: other@example.org", "sari@example.org, budi@example.org",
                                     "Sari <sari@example.org>", "sari @example.org", "sari@localhost", "@example.org", "sari@",
                                     "sari@" + "x" * 60 + ".example" * 30])
def test_no_contact(stack, contact):
    before = stack.sql("select count(*) from complaint")
    refused(stack, "value", "contact", "--contact-email", contact)
    assert stack.sql("select count(*) from complaint") == before


def test_a_contact(stack):
    taken(stack, "--contact-email", "sari.contoh+lapor@surel.example.org")
