#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists and sounds of the Free Spoken Digit Dataset, as `recur train transcribe` reads them.

    bench/fsdd.py DATA/speech-fsdd OUT

writes OUT/digits.{train,valid,test}.tsv (isolated digits: path TAB digit) with the recordings beside them, and
OUT/strings.{train,valid,test}.tsv with strings of 3 to 7 digits of one speaker, joined from recordings of that part alone:
in the plans of strings.*.tsv a number is so many zero samples, a name is a recording.
"""
import io
import os
import sys
import tarfile
import wave

data, out = sys.argv[1], sys.argv[2]
os.makedirs(os.path.join(out, "recordings"), exist_ok=True)
os.makedirs(os.path.join(out, "strings"), exist_ok=True)
rate, samples = {}, {}
with tarfile.open(os.path.join(data, "recordings.tar.gz")) as tar:
    for member in tar:
        if not member.name.endswith(".wav"):
            continue
        raw, name = tar.extractfile(member).read(), os.path.basename(member.name)
        with open(os.path.join(out, "recordings", name), "wb") as f:
            f.write(raw)
        with wave.open(io.BytesIO(raw)) as w:
            assert (w.getnchannels(), w.getsampwidth()) == (1, 2), name
            rate[name], samples[name] = w.getframerate(), w.readframes(w.getnframes())

lists = {part: open(os.path.join(out, f"digits.{part}.tsv"), "w", encoding="utf-8") for part in ("train", "valid", "test")}
for line in open(os.path.join(data, "digits.tsv"), encoding="utf-8"):
    name, digit, _, part = line.split()
    lists[part].write(f"recordings/{name}\t{digit}\n")
for part in lists:
    lists[part].close()
    with open(os.path.join(out, f"strings.{part}.tsv"), "w", encoding="utf-8") as texts:
        for line in open(os.path.join(data, f"strings.{part}.tsv"), encoding="utf-8"):
            name, _, digits, plan = line.rstrip("\n").split("\t")
            pieces = [b"\0\0" * int(p) if p.isdigit() else samples[p] for p in plan.split()]
            with wave.open(os.path.join(out, "strings", name + ".wav"), "wb") as w:
                w.setnchannels(1)
                w.setsampwidth(2)
                w.setframerate(8000)
                w.writeframes(b"".join(pieces))
            texts.write(f"strings/{name}.wav\t{' '.join(digits)}\n")
assert set(rate.values()) == {8000}
