"""PROTOCOL.md is current; and what C writes, Python's msgpack reads."""
import os
import subprocess

RETIRED = {"36"}  # they meant something else once
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ADUAN_BUILD", os.path.join(ROOT, "build"))


def described():
    return subprocess.run([os.path.join(BUILD, "tests", "protocol", "wire-describe")], stdout=subprocess.PIPE, check=True, text=True).stdout


def page():
    with open(os.path.join(ROOT, "common", "wire", "PROTOCOL.md"), encoding="utf-8") as file:
        return file.read()


def test_tables_are_the_source():
    assert page().split("<!-- tables -->\n")[1] == described()


def test_every_number_once():
    numbers = [line.split()[1] for line in described().splitlines() if line.startswith("#### ") and line.split()[1].isdigit()]
    assert len(numbers) == len(set(numbers)) >= 30
    assert not RETIRED & set(numbers)
