#!/usr/bin/python3
"""The calendar that this version comes with, as the text of a string in C: embed_calendar.py IN OUT"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as lines, open(sys.argv[2], "w", encoding="utf-8") as out:
    for line in lines:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
