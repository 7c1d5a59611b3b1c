"""PROTOCOL.md and docs/lifecycle.md are current; and what C writes, Python's msgpack reads."""
import os
import subprocess

import pytest

RETIRED = {"36"}  # they meant something else once
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ADUAN_BUILD", os.path.join(ROOT, "build"))


def described(program="wire-describe"):
    return subprocess.run([os.path.join(BUILD, "tests", "protocol", program)], stdout=subprocess.PIPE, check=True, text=True).stdout


def page(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("path, program", [(("common", "wire", "PROTOCOL.md"), "wire-describe"), (("docs", "lifecycle.md"), "lifecycle-describe")])
def test_tables_are_the_source(path, program):
    assert page(*path).split("<!-- tables -->\n")[1] == described(program)


def test_every_number_once():
    numbers = [line.split()[1] for line in described().splitlines() if line.startswith("#### ") and line.split()[1].isdigit()]
    assert len(numbers) == len(set(numbers)) >= 30
    assert not RETIRED & set(numbers)
