#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a manual page of a template and what is written down elsewhere: the options or commands
that a program tells of itself, or a document in Markdown.
usage: make-manual.py options|commands PROGRAM TEMPLATE VERSION
       make-manual.py document FILE.md TEMPLATE VERSION"""
import json
import os
import re
import subprocess
import sys

kind, source, template, version = sys.argv[1:]


def run(*words):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "C"}
    return subprocess.run([source, *words], env=environment, capture_output=True, check=True,
                          encoding="utf-8").stdout


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def entry(term, text, bold=True):
    return f".TP\n{'.B ' if bold else ''}{escape(term)}\n{escape(text)}\n"


def options():
    """Lines such as “  -m, --memory=SIZE   Memory, for example 512M”."""
    text = run("--help")
    return "".join(entry(*match) for match in
                   re.findall(r"^  ((?:-\w, )?--[\w-]+(?:=\S+)?) +(.*)$", text, re.M))


def commands():
    text = ""
    for command in json.loads(run("help", "--json")):
        text += entry(command["synopsis"], command["help"] + ".")
        rows = [(("-" + option["letter"] + ", " if option["letter"] else "") + "--" + option["name"]
                 + ("=" + option["value"] if option["value"] else ""), option["help"] + ".")
                for option in command["options"]]
        if command["json"]:
            rows.append(("-j, --json", "Print JSON."))
        if rows:
            text += ".RS\n" + "".join(entry(*row) for row in rows) + ".RE\n"
    return text


def inline(text):
    """Code and file names are bold; links keep their words."""
    parts = re.split(r"`([^`]*)`", text)
    return "".join("\\fB" + escape(part) + "\\fR" if i % 2 else escape(part)
                   for i, part in enumerate(parts))


def table(rows):
    """A group, a key, its value and what holds without it; a cell that is empty is as above."""
    text, group = "", ""
    for group_cell, key, value, default in rows[2:]:
        if group_cell:
            group = group_cell
            text += f".SS {inline(group)}\n"
        text += f".TP\n{inline(key)}\n{inline(value)}\n"
        if default:
            text += f".br\nWithout it: {inline(default)}.\n"
    return text


def document():
    text, rows, example = "", [], False
    with open(source, encoding="utf-8") as file:
        lines = file.read().splitlines() + [""]
    for line in lines[1:]:
        if line.startswith("```"):
            text += ".EE\n.PP\n" if example else ".PP\n.EX\n"
            example = not example
        elif example:
            text += escape(line) + "\n"
        elif line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        else:
            if rows:
                text += table(rows)
                rows = []
                text += ".SS Notes\n"
            if line.startswith("## "):
                text += f".SH {escape(line[3:]).upper()}\n"
            elif line:
                text += inline(line) + "\n"
            elif text and not text.endswith((".PP\n", ".SS Notes\n")):
                text += ".PP\n"
    return text.rstrip(".P\n") + "\n" if text.endswith(".PP\n") else text


made = {"options": options, "commands": commands, "document": document}[kind]()
with open(template, encoding="utf-8") as file:
    print(file.read().replace("@BODY@\n", made).replace("@VERSION@", version), end="")
