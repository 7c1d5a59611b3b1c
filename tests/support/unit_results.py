"""How each unit test of a build ended: `NAME RESULT` a line, "absent" where meson's log does not name it.   unit_results.py BUILD"""
import json
import subprocess
import sys

build = sys.argv[1]
known = json.loads(subprocess.run(["/usr/bin/meson", "introspect", "--tests", build], check=True, capture_output=True).stdout)
with open(build + "/meson-logs/testlog.json", encoding="utf-8") as log:
    ended = {test["name"]: test["result"] for test in map(json.loads, log)}
for test in known:
    print(test["name"].replace(" ", "_"), ended.get(test["name"], "absent"))
