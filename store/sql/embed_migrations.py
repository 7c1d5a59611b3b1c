#!/usr/bin/python3
"""Turns schema files, in the order of their numbers, into lines of C: MIGRATION (number, "name", "text").

    embed_migrations.py OUTPUT FILE...
"""
import pathlib
import sys


def quoted(text):
    return "\n".join('    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for line in text.splitlines())


out = []
for path in sorted(map(pathlib.Path, sys.argv[2:]), key=lambda path: path.name):
    number, _, name = path.stem.partition("_")
    out.append(f'MIGRATION ({int(number)}, "{name}",\n{quoted(path.read_text(encoding="utf-8"))})')
pathlib.Path(sys.argv[1]).write_text("\n".join(out) + "\n", encoding="utf-8")
