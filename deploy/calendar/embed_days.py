#!/usr/bin/python3
"""Writes DAY_OFF (days since 1970, kind, name) for each line of days_off.tsv: embed_days.py IN OUT"""
import datetime
import json
import sys

rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8") if not line.startswith("#")]
with open(sys.argv[2], "w", encoding="utf-8") as out:
    for day, kind, name in rows[1:]:
        days = (datetime.date.fromisoformat(day) - datetime.date(1970, 1, 1)).days
        out.write(f"DAY_OFF ({days}, {json.dumps(kind)}, {json.dumps(name, ensure_ascii=False)})\n")
