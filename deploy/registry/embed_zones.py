#!/usr/bin/python3
"""Writes ZONE (province, hours east of UTC) for each line of zones.tsv: embed_zones.py IN OUT"""
import sys

HOURS = {"WIB": 7, "WITA": 8, "WIT": 9}
rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8") if not line.startswith("#")]
with open(sys.argv[2], "w", encoding="utf-8") as out:
    for code, zone in rows[1:]:
        out.write(f"ZONE ({int(code)}, {HOURS[zone]})\n")
