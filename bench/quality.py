#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time to quality: `recur train` with its defaults beside a plain PyTorch recipe, one after the other on two threads.

  bench/quality.py RECUR RECIPES DATA OUT NAME...      NAME: shakespeare chnsenticorp imdb multi30k conll atis
  RECIPES: folder with the recipes (shakespeare.py, chnsenticorp.py, imdb.py, multi30k.py, tagging.py), run by this Python
  DATA: folder with the data sets;  OUT: where models and logs go

A recipe prints after each epoch the seconds since training began and the score on the test part; its time is the first at
which the mark is reached.  recur's time is that of the whole training, which --time holds to half of what the recipe is known
to need where the default knows no end; the mark counts by `recur eval` of the finished model on the same test part.
"""
import argparse, gzip, json, os, re, subprocess, sys

JOBS = {   # mark; recipe and its arguments; what its lines say; recur's task, data, options; key of `recur eval`
    "shakespeare": (1.4575, ["shakespeare.py", "780"], r"^\d+ \d+ (\d+) .* val ([\d.]+)", "lm", "nats_per_unit", ["--time", "390"]),
    "chnsenticorp": (.912, ["chnsenticorp.py", "1", "8"], r"^\d+ (\d+) .* test ([\d.]+)", "classify", "accuracy", []),
    "imdb": (.897, ["imdb.py", "5"], r"^\d+ (\d+) .* test ([\d.]+)", "classify", "accuracy", []),
    "multi30k": (37.1, ["multi30k.py", "1209"], r"^\d+ (\d+) .* test ([\d.]+)", "translate", "bleu_greedy", ["--time", "600"]),
    "conll": (83.6, ["tagging.py", "conll", "605"], r"^\d+ (\d+) .* test \(([\d.]+)", "tag", "f1", ["--time", "300"]),
    "atis": (94.7, ["tagging.py", "atis", "120"], r"^\d+ (\d+) .* test \(([\d.]+)", "tag", "f1", ["--time", "60"]),
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
    """Seconds until a recipe reached the mark, and its best score."""
    reached, best = None, None
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
    return reached, best


def ours(recur, task, key, options, files, out, name):
    model, log = os.path.join(out, name + ".recur"), os.path.join(out, name + ".jsonl")
    subprocess.run([recur, "train", task, files[0], "--valid", files[1], *options, "--threads", "2", "--seed", "1", "--no-baseline",
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
        mark, recipe, form, task, key, options = JOBS[name]
        files = parts(name, a.data, a.out)
        seconds, score = ours(a.recur, task, key, options, files, a.out, name)
        reached, best = theirs(mark, recipe, form, a.recipes, os.path.join(a.out, name + ".torch.log"), task == "lm")
        said = f"{reached} s" if reached is not None else "not reached"
        ratio = f", {seconds / reached:.2f} of it" if reached else ""
        print(f"{name}: mark {mark:g}; PyTorch {said} (best {best:g}); recur {score:.4g} in {seconds:.0f} s{ratio}", flush=True)


if __name__ == "__main__":
    main()
