#!/usr/bin/python3
"""Do includes point the right way?  common never includes a program, programs never one another, and
libpq is the store's alone.  And is every header short enough to be one noun?"""
import pathlib
import re
import subprocess
import sys

ORDER = ["base", "wire", "daemon", "domain", "client", "db", "http", "content", "cache"]
ALLOWED = {"base": set(), "wire": {"base"}, "daemon": {"base", "wire"}, "domain": {"base"},
           "client": {"base", "wire", "daemon", "domain"}, "db": {"base", "daemon", "wire"},
           "http": {"base", "daemon"}, "content": {"base", "daemon", "http"}, "cache": {"base", "daemon"}}
PROGRAMS = {"intake", "router", "store", "notifier", "deploy"}
HEADER_LINES = 600
LIBPQ = ("store/", "common/db/", "tests/")


def faults(path):
    parts = pathlib.PurePosixPath(path).parts
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    if path.endswith(".h") and len(lines) > HEADER_LINES:
        yield f"{path}: {len(lines)} lines, and a header has {HEADER_LINES} at most: it is more than one noun"
    for number, line in enumerate(lines, 1):
        found = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if not found:
            continue
        name = found.group(1)
        head = name.split("/")[0]
        if parts[0] == "common" and head in PROGRAMS:
            yield f"{path}:{number}: common includes a program: {name}"
        if parts[0] == "common" and "/" in name and head in ORDER and head != parts[1] and head not in ALLOWED[parts[1]]:
            yield f"{path}:{number}: {parts[1]} may not include {head}"
        if parts[0] in PROGRAMS and head in PROGRAMS and head != parts[0]:
            yield f"{path}:{number}: {parts[0]} includes another program: {name}"
        if (name == "libpq-fe.h" or head == "db") and not path.startswith(LIBPQ):
            yield f"{path}:{number}: only the store may speak to PostgreSQL: {name}"


files = subprocess.run(["git", "ls-files", "*.c", "*.h"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
wrong = [fault for name in files for fault in faults(name)] if files else ["git names no files here: whose is this folder?"]
for fault in wrong:
    print(fault)
sys.exit(bool(wrong))
