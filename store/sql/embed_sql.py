#!/usr/bin/python3
"""Turns statement files into lines of C: SQL_STATEMENT (name, parameters, "text").

    embed_sql.py [--sequences] OUTPUT FILE...

A file holds one statement without a semicolon, headed by a comment that says what it does and names
its parameters.  Comments are left out of the program, the number of parameters is the highest $n.
With --sequences a file may hold several, with semicolons between: for a program that prepares nothing.
PostgreSQL takes no parameters for several at once.
"""
import pathlib
import re
import sys


def statement(path, sequences=False):
    """The text without comments; ValueError says what is wrong with the file."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith("--"):
        raise ValueError("must begin with a comment that says what it does")
    lines = [re.sub(r"(^|\s)--.*$", "", line).rstrip() for line in text.splitlines()]
    text = "\n".join(line for line in lines if line)
    used = {int(number) for number in re.findall(r"\$(\d+)", text)}
    if not text or ";" in text and not sequences:
        raise ValueError("must be one statement without a semicolon")
    if ";" in text and used:
        raise ValueError("must be one statement without a semicolon where it has parameters")
    if used and used != set(range(1, max(used) + 1)):
        raise ValueError("uses $n with a gap")
    return len(used), text


def main():
    arguments, out, faults = sys.argv[1:], [], []
    sequences = arguments[0] == "--sequences"
    target, *files = arguments[sequences:]
    for path in sorted(map(pathlib.Path, files)):
        try:
            parameters, text = statement(path, sequences)
            quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", '\\n"\n    "')
            out.append(f'SQL_STATEMENT ({path.stem}, {parameters},\n    "{quoted}")\n')
        except (OSError, ValueError) as fault:
            faults.append(f"{path}: {fault}")
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        return 1
    pathlib.Path(target).write_text("".join(out), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
