#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs again what a document shows and writes down what comes out now.

  tools/show.py RECUR FILE.md WORD...      blocks ```console loose that contain one of the words, in order, in one folder;
                                           ```sh blocks with one of them run too, and stay as they are

Of an output that ends in ... as many lines are kept as stood there.  A name.zh.md is run in Chinese.  Read the difference
before it is committed: a document tells more about an output than the output itself.
"""
import os, re, shutil, subprocess, sys, tempfile


def run(command, folder, env):
    p = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode:
        sys.exit(f"show: {command}\n{p.stdout}\nended with {p.returncode}")
    return [line.rstrip() for line in p.stdout.rstrip("\n").split("\n")]


def again(block, folder, env):
    out, lines = [], block.rstrip("\n").split("\n")
    for piece in re.split(r"\n(?=\$ )", "\n".join(lines)):
        command, *old = piece.split("\n")
        new = run(command[2:], folder, env)
        if old and old[-1] == "...":
            new = new[:len(old) - 1] + ["..."]
        out += [command] + (new if old or new != [""] else [])
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    recur, path, words = os.path.realpath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    project = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    folder = tempfile.mkdtemp()
    os.symlink(os.path.join(project, "share"), os.path.join(folder, "share"))
    os.mkdir(os.path.join(folder, "bin"))
    os.symlink(recur, os.path.join(folder, "bin", "recur"))
    env = dict(os.environ, PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"], NO_COLOR="1", LC_ALL="",
               LANG="zh_CN.UTF-8" if path.endswith(".zh.md") else "C.UTF-8")
    with open(path, encoding="utf-8") as f:
        text = f.read()

    def change(m):
        kind, block = m[1], m[2]
        if not any(w in block for w in words):
            return m[0]
        if kind == "sh":
            run(block, folder, env)
            return m[0]
        return f"```{kind}\n{again(block, folder, env)}```"

    text = re.sub(r"```(console loose|sh)\n(.*?)```", change, text, flags=re.S)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
