"""Which lines and branches of the decoder a run has visited: gcov over common/wire of a build with
-Db_coverage=true, whose programs have ended."""
import glob
import gzip
import json
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = ("scan.c", "wire.c")
# Functions that a peer's bytes reach.
REACHED = ("take_number", "skip_bytes", "skip_counted", "open_container", "open_counted", "scan_item", "wire_scan", "fault_set",
           "decode_span", "decode_list", "decode_number", "decode_field", "find_ref", "decode_map", "decode_object", "wire_decode", "wire_done")
# Lines that no bytes can reach, by what stands there, and why.
UNREACHABLE = {
    'return fault_set (fault, REJECT_MALFORMED, field->name, "wrong kind of value");': "decode_field: after a switch over all kinds",
    'fault_set (ret_fault, REJECT_MALFORMED, NULL, "not one whole msgpack item");': "what the scan lets through, msgpack-c reads",
}


def forget(build):
    for path in glob.glob(os.path.join(build, "common", "wire", "**", "*.gcda"), recursive=True):
        os.unlink(path)


def _reports(build):
    notes = [path for path in glob.glob(os.path.join(build, "common", "wire", "**", "*.gcda"), recursive=True)
             if os.path.basename(path).split(".")[0] in ("scan", "wire")]
    if not notes:
        raise RuntimeError(f"{build}: no .gcda below common/wire: was it built with -Db_coverage=true, and did its programs end by themselves?")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", *map(os.path.abspath, notes)], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        for path in glob.glob(os.path.join(folder, "*.gcov.json.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as file:
                yield json.load(file)


def unvisited(build, say):
    """Problems: lines of the decoder that were never run; says the sums."""
    problems, lines, hit, branches, taken = [], 0, 0, 0, 0
    with open(os.path.join(ROOT, "common", "wire", "wire.c"), encoding="utf-8") as file:
        source = {"wire.c": file.read().splitlines()}
    with open(os.path.join(ROOT, "common", "wire", "scan.c"), encoding="utf-8") as file:
        source["scan.c"] = file.read().splitlines()
    seen = {}
    for report in _reports(build):
        for file in report["files"]:
            name = os.path.basename(file["file"])
            if name not in FILES:
                continue
            for line in file["lines"]:
                if line.get("function_name") not in REACHED:
                    continue
                key = (name, line["line_number"])
                count, ways = seen.get(key, (0, None))
                new_ways = [way["count"] for way in line["branches"]]
                ways = [max(pair) for pair in zip(ways, new_ways)] if ways and len(ways) == len(new_ways) else new_ways
                seen[key] = (count + line["count"], ways)
    for (name, number), (count, ways) in sorted(seen.items()):
        text = source[name][number - 1].strip()
        lines, hit = lines + 1, hit + (count > 0)
        branches, taken = branches + len(ways), taken + sum(way > 0 for way in ways)
        if not count and not any(text in known or known in text for known in UNREACHABLE):
            problems.append(f"common/wire/{name}:{number} was never reached: {text}")
        for at, way in enumerate(ways):
            if count and not way:
                say(f"common/wire/{name}:{number}: way {at + 1} of {len(ways)} was never taken: {text}")
    say(f"decoder and bounds scan: {hit} of {lines} lines, {taken} of {branches} branches; unreachable: "
        + "; ".join(UNREACHABLE.values()))
    return problems
