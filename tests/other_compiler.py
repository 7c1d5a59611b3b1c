"""What another compiler says of every source: the flags of a build that was made, and no code.

    tests/other_compiler.py BUILD COMPILER

Its warnings come before code is made, so that making it would say nothing more and take three times as long.
"""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

WITH_A_NAME = {"-o", "-MF", "-MQ", "-c"}
# what makes code, and has other names elsewhere
NOT_WANTED = {"-MD", "-fdiagnostics-color=always", "-fsanitize-undefined-trap-on-error", "-ftrivial-auto-var-init=zero"}


def command(entry, compiler):
    words = iter(shlex.split(entry["command"])[1:])
    kept = [compiler, "-fsyntax-only"]
    for word in words:
        if word in WITH_A_NAME:
            next(words)
        elif word not in NOT_WANTED:
            kept.append(word)
    return [*kept, "-Wno-unknown-warning-option", entry["file"]]


def judge(entry, compiler):
    done = subprocess.run(command(entry, compiler), cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout or (f"{entry['file']}: {compiler} ended with {done.returncode}" if done.returncode else "")


def main(build, compiler):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = [entry for entry in json.load(file) if entry["file"].endswith(".c")]
    if not entries:
        sys.exit(f"{build}: no C file is compiled there")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as hands:
        said = [text for text in hands.map(lambda entry: judge(entry, compiler), entries) if text]
    print("\n".join(said[:20]), end="")
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
