#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Training steps beside PyTorch: time with sequences of mixed lengths, memory of a step.  Needs Python with torch.

  bench/torch_steps.py RECUR mixed  [--threads 1,2] [--rounds 5] [--seconds 2]
  bench/torch_steps.py RECUR memory [--threads 1]

mixed   the case of `recur bench --group mixed`: the same lengths, net and optimizer; PyTorch gets packed sequences, then the
        same padded to the longest.  In turn, each in a fresh process, best sample of all rounds.
memory  the highest resident memory of a process that trains, above what it had before it made its model (PyTorch: with the
        library loaded and one product done; recur: with the command started).  recur's process also computes the case with the
        reference kernels first, so its figure is an upper bound; `planned` is what recur says that it keeps.
"""
import argparse, json, subprocess, sys, time

LENGTHS = [400, 400, 400, 400, 392, 354, 323, 298, 275, 256, 239, 225, 211, 199, 189, 179,
           171, 163, 156, 150, 144, 139, 134, 129, 125, 120, 115, 108, 96, 79, 62, 46]
CASES = {   # vocabulary, embedding, hidden, layers, both directions, batch, steps, outputs, optimizer, clip
    "mixed/imdb-lengths": (20000, 128, 64, 2, True, 32, LENGTHS, 2, "adam", 1.0),
    "classify/imdb-bilstm": (20000, 128, 64, 2, True, 32, 200, 2, "adam", 1.0),
    "lm/char": (65, 64, 512, 1, False, 64, 64, 65, "adam", 1.0),
    "lm/ptb-small": (10000, 200, 200, 2, False, 20, 35, 10000, "sgd", 5.0),
}


def resident(which):
    with open("/proc/self/status") as f:
        return next(int(l.split()[1]) * 1024 for l in f if l.startswith(which + ":"))


def torch_side(case, threads, seconds, padded):
    """One case in this process: best seconds a step, bytes of the highest resident memory above the start."""
    import torch
    from torch import nn
    torch.set_num_threads(threads)
    torch.ones(64, 64) @ torch.ones(64, 64)
    before = resident("VmRSS")
    V, E, H, layers, bi, B, T, K, optimizer, clip = CASES[case]
    mixed, whole = isinstance(T, list), case.startswith("lm")
    packed = mixed and not padded
    embed, rnn, dense = nn.Embedding(V, E), nn.LSTM(E, H, layers, bidirectional=bi), nn.Linear(H * (1 + bi), K)
    weights = [*embed.parameters(), *rnn.parameters(), *dense.parameters()]
    update = torch.optim.SGD(weights, 0.1) if optimizer == "sgd" else torch.optim.Adam(weights, 1e-3)
    steps = max(T) if mixed else T
    ids = torch.randint(V, (steps, B))
    target = torch.randint(K, (steps * B if whole else B,))
    over = torch.arange(steps)[:, None] >= torch.tensor(T if mixed else [T] * B)[None, :]
    entropy = nn.CrossEntropyLoss()

    def step():
        update.zero_grad(set_to_none=True)
        x = embed(ids)
        if packed:
            x = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(T))
        y = rnn(x)[0]
        if packed:
            y = nn.utils.rnn.pad_packed_sequence(y)[0]
        if mixed:
            y = y.masked_fill(over[..., None], -float("inf"))
        y = dense(y).reshape(-1, K) if whole else dense(y.max(0).values)
        entropy(y, target).backward()
        nn.utils.clip_grad_norm_(weights, clip)
        update.step()

    best, end = float("inf"), time.perf_counter() + seconds
    for k in range(1000):
        start = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - start) if k else best
        if k >= 5 and time.perf_counter() > end:
            break
    print(json.dumps({"seconds": best, "bytes": resident("VmHWM") - before}))


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")][-1]


def recur_side(recur, case, threads, seconds):
    group, name = case.split("/")
    out = run([recur, "bench", "--group", group, "--case", name, "--phase", "train", "--threads", str(threads),
               "--seconds", str(seconds), "--json"])
    assert out["checked"], case
    return out


def peak(command):
    """Highest resident memory of a command."""
    code = ("import resource,subprocess,sys;subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss*1024)")
    return int(subprocess.run([sys.executable, "-c", code, *command], stdout=subprocess.PIPE, check=True, text=True).stdout)


def mixed(a):
    case = "mixed/imdb-lengths"
    for threads in map(int, a.threads.split(",")):
        ours, theirs, padded = [], [], []
        for _ in range(a.rounds):
            ours.append(recur_side(a.recur, case, threads, a.seconds)["min_s"])
            call = [sys.executable, __file__, a.recur, "torch", "--case", case, "--threads", str(threads), "--seconds", str(a.seconds)]
            theirs.append(run(call)["seconds"])
            padded.append(run([*call, "--padded"])["seconds"])
        print(f"mixed lengths, {threads} threads: recur {min(ours) * 1e3:.1f} ms, PyTorch {min(theirs) * 1e3:.1f} ms packed,"
              f" {min(padded) * 1e3:.1f} padded: {min(theirs) / min(ours):.2f} and {min(padded) / min(ours):.2f} times as long")


def memory(a):
    threads = int(a.threads.split(",")[0])
    start = peak([a.recur, "version"])
    for case in CASES:
        group, name = case.split("/")
        theirs = run([sys.executable, __file__, a.recur, "torch", "--case", case, "--threads", str(threads), "--seconds", "1"])
        call = [a.recur, "bench", "--group", group, "--case", name, "--phase", "train", "--threads", str(threads), "--seconds", "1"]
        ours = peak(call) - start
        planned = recur_side(a.recur, case, threads, 1)["bytes"]
        print(f"{name}: planned {planned / 1e6:.0f} MB, recur {ours / 1e6:.0f} MB, PyTorch {theirs['bytes'] / 1e6:.0f} MB:"
              f" {planned / theirs['bytes']:.2f} and {ours / theirs['bytes']:.2f} of it")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("recur")
    p.add_argument("what", choices=["mixed", "memory", "torch"])
    p.add_argument("--case", choices=CASES)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--padded", action="store_true")
    p.add_argument("--seconds", type=float, default=2)
    a = p.parse_args()
    if a.what == "torch":
        torch_side(a.case, int(a.threads), a.seconds, a.padded)
    else:
        mixed(a) if a.what == "mixed" else memory(a)


if __name__ == "__main__":
    main()
