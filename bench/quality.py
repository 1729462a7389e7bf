#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time to quality: `recur train` with its defaults beside a plain PyTorch recipe, one after the other on two threads.

  bench/quality.py RECUR RECIPES DATA OUT NAME...      NAME: shakespeare chnsenticorp imdb multi30k conll atis
  RECIPES: folder with the recipes (shakespeare.py, chnsenticorp.py, imdb.py, multi30k.py, tagging.py), run by this Python
  DATA: folder with the data sets;  OUT: where models and logs go

A recipe prints after each epoch the seconds since training began and the score on the test part; its time is the first at
which the mark is reached.  Then recur trains with half of that as its --time; its score is that of `recur eval` of the finished
model on the same test part, once, its time that of the whole training.
"""
import argparse, gzip, json, os, re, subprocess, sys

JOBS = {   # mark; recipe and its arguments; what its lines say; recur's task; key of `recur eval`
    "shakespeare": (1.4575, ["shakespeare.py", "780"], r"^\d+ \d+ (\d+) .* val ([\d.]+)", "lm", "nats_per_unit"),
    "chnsenticorp": (.912, ["chnsenticorp.py", "1", "8"], r"^\d+ (\d+) .* test ([\d.]+)", "classify", "accuracy"),
    "imdb": (.897, ["imdb.py", "5"], r"^\d+ (\d+) .* test ([\d.]+)", "classify", "accuracy"),
    "multi30k": (37.1, ["multi30k.py", "1209"], r"^\d+ (\d+) .* test ([\d.]+)", "translate", "bleu_greedy"),
    "conll": (83.6, ["tagging.py", "conll", "605"], r"^\d+ (\d+) .* test \(([\d.]+)", "tag", "f1"),
    "atis": (94.7, ["tagging.py", "atis", "120"], r"^\d+ (\d+) .* test \(([\d.]+)", "tag", "f1"),
}


def pairs(data, out, part, file):
    """Source and target of Multi30k side by side."""
    path = os.path.join(out, f"multi30k.{part}.tsv")
    def lines(side):
        name = f"{data}/mt-multi30k/tok/{file}.{side}"
        with (gzip.open(name + ".gz", "rt", encoding="utf-8") if part == "train" else open(name, encoding="utf-8")) as f:
            return f.read().splitlines()
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(f"{a}\t{b}\n" for a, b in zip(lines("de"), lines("en"), strict=True))
    return path


def shakespeare(data, out):
    with open(f"{data}/lm-tinyshakespeare/input.txt", "rb") as f:
        text = f.read()
    paths = [os.path.join(out, f"shakespeare.{part}.txt") for part in ("train", "valid")]
    for path, piece in zip(paths, (text[:1003854], text[-111540:])):
        with open(path, "wb") as f:
            f.write(piece)
    return paths[0], paths[1], paths[1]


def parts(name, data, out):
    if name == "shakespeare":
        return shakespeare(data, out)
    if name == "multi30k":
        return pairs(data, out, "train", "train"), pairs(data, out, "valid", "val"), pairs(data, out, "test", "test_2016_flickr")
    files = {"chnsenticorp": ("cls-chnsenticorp", "train.tsv.gz", "dev.tsv", "test.tsv"),
             "imdb": ("cls-imdb", "train.tsv.gz", "valid.tsv.gz", "test.tsv.gz"),
             "conll": ("tag-conll2003", "train.conll.gz", "testa.conll", "testb.conll"),
             "atis": ("tag-atis-snips", "atis.train.conll", "atis.valid.conll", "atis.test.conll")}[name]
    return tuple(f"{data}/{files[0]}/{file}" for file in files[1:])


def theirs(mark, recipe, form, recipes, log, falls):
    """Seconds until a recipe reached the mark, its best score, and the seconds of all of it."""
    reached, best, seconds = None, None, 0
    with open(log, "w", encoding="utf-8") as f:
        p = subprocess.Popen([sys.executable, os.path.join(recipes, recipe[0]), *recipe[1:]], stdout=subprocess.PIPE, text=True)
        for line in p.stdout:
            f.write(line)
            found = re.match(form, line)
            if not found:
                continue
            seconds, score = int(found[1]), float(found[2])
            best = score if best is None or (score < best if falls else score > best) else best
            if reached is None and (score <= mark if falls else score >= mark):
                reached = seconds
        if p.wait():
            sys.exit(f"quality: {recipe[0]} ended with {p.returncode}")
    return reached, best, seconds


def ours(recur, task, key, seconds, files, out, name):
    model, log = os.path.join(out, name + ".recur"), os.path.join(out, name + ".jsonl")
    subprocess.run([recur, "train", task, files[0], "--valid", files[1], "--time", f"{seconds:.1f}s", "--threads", "2", "--seed", "1", "--no-baseline",
                    "-o", model, "--force", "--log", log, "--quiet"], check=True)
    with open(log, encoding="utf-8") as f:
        seconds = max(json.loads(line).get("seconds", 0) for line in f)
    scores = subprocess.run([recur, "eval", model, files[2], "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout
    score = json.loads(scores)[key]
    return seconds, score * 100 if key == "f1" else score      # the recipes speak of F1 in percent


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for what in ("recur", "recipes", "data", "out"):
        p.add_argument(what)
    p.add_argument("name", nargs="+", choices=JOBS)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    for name in a.name:
        mark, recipe, form, task, key = JOBS[name]
        falls = task == "lm"
        files = parts(name, a.data, a.out)
        reached, best, whole = theirs(mark, recipe, form, a.recipes, os.path.join(a.out, name + ".torch.log"), falls)
        seconds, score = ours(a.recur, task, key, (reached or whole) / 2, files, a.out, name)
        print(f"{name}: mark {mark:g}; PyTorch {'' if reached else 'not '}reached it in {reached or whole} s (best {best:g} in {whole} s); "
              f"recur {score:.4g} in {seconds:.0f} s: {'' if (score <= mark if falls else score >= mark) else 'NOT '}reached", flush=True)


if __name__ == "__main__":
    main()
