#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library's messages are all in the Chinese list, and nothing else is: forms of rc_fail and its like, and what rc_speak is
given.  Messages about a wrong call, which only a programmer sees, stay English."""
import glob, os, re, sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
FORM = {"rc_fail": 2, "rc_warn": 1, "rc_fit_say": 1, "say": 1, "RC_NEED": 3, "BAD": 1, "rc_source_bad": 3, "rc_doctor_problem": 4,
        "rc_layer_fail": 2, "remark": 1, "rc_speak": 1}
LOCAL = {"src/net/key.c": {"fail": 1}}
MARKED = r'"(?:[^"\\]|\\.)*"'
LITERAL = re.compile(MARKED + r"(?:\s*(?:PR[Iiu]\w+|RC_META)\s*(?:" + MARKED + r")?|\s*" + MARKED + ")*")
# Who calls the library wrongly: the message names the function, or the part of a batch or of arrays.
PROGRAMMER = re.compile(r'"(recur_|batch: |run: |example %d|the callback|an example without text|series %d has|'
                        r'%s: (sequence|list_at|count and|x goes|either x|ids need|targets are|labels need|lists come|values need|%d s|N is)|'
                        r'a tagger learns from files)')


def arguments(s, at):
    depth, begin, out = 1, at, []
    while depth:
        quoted = re.compile(MARKED).match(s, at)
        if quoted:
            at = quoted.end()
            continue
        c = s[at]
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 1:
            out.append(s[begin:at])
            begin = at + 1
        at += 1
    return out + [s[begin:at - 1]]


def joined(text):
    return re.sub(r'(?<=.)"\s*"(?=.)', "", re.sub(r"\s+", " ", text))


def texts_alone(s):
    """Without comments and without single signs, one of which is a quotation mark."""
    return re.sub(r"/\*.*?\*/|('(?:\\.|[^'\\])+')|(" + MARKED + ")", lambda m: m[2] or " ", s, flags=re.S)


said, pieces, bad = {}, set(), 0
for path in sorted(glob.glob("src/**/*.c", recursive=True)):
    if path == "src/api/zh.c":
        continue
    s = texts_alone(open(path, encoding="utf-8").read())
    pieces |= {joined(m[0]) for m in LITERAL.finditer(s)}
    forms = {**FORM, **LOCAL.get(path, {})}
    for m in re.finditer(r"\b(" + "|".join(forms) + r")\s*\(", s):
        a = arguments(s, m.end())
        if len(a) > forms[m[1]]:
            form = re.sub(r"strcmp\([^()]*(\([^()]*\))?[^()]*\)", "", a[forms[m[1]]])
            for x in LITERAL.finditer(form):
                said.setdefault(joined(x[0]), path)

rows = {}
for path in sorted(glob.glob("src/api/zh_*.h")):
    s = texts_alone(open(path, encoding="utf-8").read())
    for m in re.finditer(r"^X\(", s, re.M):
        en, zh = arguments(s, m.end())
        en = joined(en.strip())
        if en in rows:
            print(f"{path}: {en} stands there twice")
            bad += 1
        rows[en] = joined(zh.strip())
for form, path in said.items():
    if form not in rows and form not in ('""', '"%s"') and not PROGRAMMER.match(form):
        print(f"{path}: {form} is missing from src/api/zh_*.h")
        bad += 1
for form in rows:
    if form not in pieces:
        print(f"src/api/zh_*.h: no message says {form}")
        bad += 1
print(f"words: {len(rows)} messages in two languages, {bad} faults")
sys.exit(bad > 0)
