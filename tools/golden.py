#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/golden/*.safetensors with PyTorch, in double precision: what the same net computes elsewhere.

A file holds the batch (packed rows, longest sequence first), weights `w.NAME`, scores `y`, `loss`, gradients `g.NAME`
and `dx`; after training also `end.NAME`.  Its metadata hold the net line, the numbers of the equations in docs/math.md
that it pins down, and who made it.  PyTorch gives an LSTM and an RNN two biases that are only ever added: the files
hold their sum.  A GRU's two biases do different things and both are kept.

    python3 tools/golden.py            (needs torch, numpy, safetensors)

tests/golden/sound/front.safetensors holds samples and the rows that four front ends (`line0` ...) make of them; these
numpy computes, in double.
"""
import os
import numpy as np
import torch
from safetensors.numpy import save_file

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden")
torch.set_default_dtype(torch.float64)
ONE_BIAS = (torch.nn.RNN, torch.nn.LSTM)


def names_of_recurrent(module, word, first):
    """Our name -> (PyTorch's parameters whose sum it is), layer by layer, direction by direction."""
    out = {}
    for k in range(module.num_layers):
        for tail, r in (("", ""), ("_reverse", "r.")) if module.bidirectional else (("", ""),):
            p = lambda what: getattr(module, f"{what}_l{k}{tail}")
            at = f"{first + k}.{word}.{r}"
            out[at + "wx"], out[at + "wh"] = [p("weight_ih")], [p("weight_hh")]
            if isinstance(module, ONE_BIAS):
                out[at + "b"] = [p("bias_ih"), p("bias_hh")]
            else:
                out[at + "b"], out[at + "bh"] = [p("bias_ih")], [p("bias_hh")]
            if getattr(module, "proj_size", 0):
                out[at + "wr"] = [p("weight_hr")]
    return out


def values(names, what):
    """Weights are summed; the gradient of a sum is the gradient of either part."""
    if what == "grad":
        return {n: p[0].grad.detach().numpy().copy() for n, p in names.items()}
    return {n: sum(q.detach() for q in p).numpy().copy() for n, p in names.items()}


def write(name, net, equations, tensors, **more):
    tensors = {k: np.ascontiguousarray(v) for k, v in tensors.items()}
    meta = {"net": net, "equations": equations, "made_by": f"PyTorch {torch.__version__.split('+')[0]}, float64"}
    save_file(tensors, os.path.join(HERE, name + ".safetensors"), {**meta, **more})


def packed(lengths):
    """alive [T] of sequences of falling lengths."""
    return np.array([sum(n > t for n in lengths) for t in range(max(lengths))], dtype=np.int64)


def recurrent(name, net, module, equations, lengths=(5, 5, 5), F=3, smooth=0.0):
    """Random inputs through a recurrent module; its outputs are the scores of a cross-entropy at each step."""
    word = net.split("|")[1].split()[0]
    names = names_of_recurrent(module, word, 2)
    x = torch.nn.utils.rnn.pack_sequence([torch.randn(n, F).float().double() for n in lengths])   # as our batches hold them
    data = x.data.clone().requires_grad_(True)
    y, _ = module(torch.nn.utils.rnn.PackedSequence(data, x.batch_sizes))
    y = y.data
    target = torch.randint(0, y.shape[1], (y.shape[0],))
    target[1] = -1
    loss = torch.nn.functional.cross_entropy(y, target, ignore_index=-1, label_smoothing=smooth)
    loss.backward()
    tensors = {"x": data.detach().numpy(), "alive": packed(lengths), "target": target.numpy(), "y": y.detach().numpy(),
               "loss": loss.detach().numpy().reshape(1), "dx": data.grad.numpy()}
    tensors.update({"w." + k: v for k, v in values(names, "data").items()})
    tensors.update({"g." + k: v for k, v in values(names, "grad").items()})
    write(name, net, equations, tensors)


class Language(torch.nn.Module):
    """Embedding, LSTM, linear: the smallest language model."""

    def __init__(self, V, E, H):
        super().__init__()
        self.embed, self.lstm, self.dense = torch.nn.Embedding(V, E), torch.nn.LSTM(E, H), torch.nn.Linear(H, V)

    def names(self):
        return {"1.embed.w": [self.embed.weight], **names_of_recurrent(self.lstm, "lstm", 2),
                "3.dense.w": [self.dense.weight], "3.dense.b": [self.dense.bias]}

    def forward(self, ids, sizes):
        h, _ = self.lstm(torch.nn.utils.rnn.PackedSequence(self.embed(ids), sizes))
        return self.dense(h.data)


def language(name, lengths, smooth=0.0, steps=0, V=9, E=4, H=5):
    m = Language(V, E, H)
    alive = packed(lengths)
    sizes = torch.from_numpy(alive)
    ids, target = torch.randint(0, V, (int(alive.sum()),)), torch.randint(0, V, (int(alive.sum()),))
    entropy = lambda: torch.nn.functional.cross_entropy(m(ids, sizes), target, label_smoothing=smooth)
    y, loss = m(ids, sizes), entropy()
    loss.backward()
    tensors = {"ids": ids.numpy(), "alive": alive, "target": target.numpy(), "y": y.detach().numpy(),
               "loss": loss.detach().numpy().reshape(1)}
    tensors.update({"w." + k: v for k, v in values(m.names(), "data").items()})
    tensors.update({"g." + k: v for k, v in values(m.names(), "grad").items()})
    net = f"embed {E} | lstm {H} | dense | softmax" + (f" smooth={smooth:g}" if smooth else "")
    if steps:
        how = {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-3, "decay": 0.05}
        # Two biases would take two steps where we take one; and only matrices decay here.
        m.lstm.bias_ih_l0.data += m.lstm.bias_hh_l0.data
        m.lstm.bias_hh_l0.data.zero_().requires_grad_(False)
        m.lstm.bias_hh_l0.requires_grad_(False)
        plain = [m.embed.weight, m.lstm.bias_ih_l0, m.dense.bias]
        heavy = [p for p in m.parameters() if p.requires_grad and not any(p is q for q in plain)]
        optim = torch.optim.AdamW([{"params": heavy}, {"params": plain, "weight_decay": 0.0}], lr=how["lr"],
                                  betas=(how["beta1"], how["beta2"]), eps=how["eps"], weight_decay=how["decay"])
        for _ in range(steps):
            optim.zero_grad()
            entropy().backward()
            optim.step()
        tensors.update({"end." + k: v for k, v in values(m.names(), "data").items()})
        write(name, net, "A4-A5", tensors, steps=str(steps), optimizer="adamw", **{k: repr(v) for k, v in how.items()})
    else:
        write(name, net, "E1-E2, L1-L12, S1-S4", tensors)


def unaligned(name, lists, lengths, V=5, F=3, H=4):
    """An LSTM under CTC: lists of labels shorter than the rows; the loss is a mean over labels, an empty list counts one."""
    lstm, dense = torch.nn.LSTM(F, H, bidirectional=True), torch.nn.Linear(2 * H, V)
    names = {**names_of_recurrent(lstm, "lstm", 2), "3.dense.w": [dense.weight], "3.dense.b": [dense.bias]}
    x = torch.nn.utils.rnn.pack_sequence([torch.randn(n, F).float().double() for n in lengths])
    data = x.data.clone().requires_grad_(True)
    h, _ = lstm(torch.nn.utils.rnn.PackedSequence(data, x.batch_sizes))
    y = torch.nn.utils.rnn.PackedSequence(dense(h.data) * 3, x.batch_sizes)
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(y)
    flat = torch.tensor([k for l in lists for k in l])
    loss = torch.nn.functional.ctc_loss(padded.log_softmax(2), flat, torch.tensor(lengths),
                                        torch.tensor([len(l) for l in lists]), reduction="sum")
    loss = loss / sum(max(len(l), 1) for l in lists)
    loss.backward()
    weights, grads = values(names, "data"), values(names, "grad")
    for d, by in ((weights, 3), (grads, 1 / 3)):               # the scores are three times as large: so are our weights
        d["3.dense.w"], d["3.dense.b"] = d["3.dense.w"] * by, d["3.dense.b"] * by
    tensors = {"x": data.detach().numpy(), "alive": packed(lengths), "target": flat.numpy(),
               "list_at": np.cumsum([0] + [len(l) for l in lists]), "y": y.data.detach().numpy(),
               "loss": loss.detach().numpy().reshape(1), "dx": data.grad.numpy()}
    tensors.update({"w." + k: v for k, v in weights.items()})
    tensors.update({"g." + k: v for k, v in grads.items()})
    write(name, f"input | lstm {H} bi | dense | ctc", "S15-S18", tensors)


def translator(name, score, feed, place, lengths, sides, V=7, E=3, H=2, F=3, G=4, A=5, C=4):
    """A bidirectional encoder, a decoder that begins with its ends and looks at its steps; feed: what it found goes back."""
    embed, encoder = torch.nn.Embedding(V, E), torch.nn.LSTM(E, H, bidirectional=True)
    decoder, S = torch.nn.LSTM(F + (A if feed else 0), G), 2 * H
    Q = S if score == "general" else G
    made = lambda *size: torch.nn.Parameter(torch.randn(*size) * 0.5)
    bh, bhb, bc, bcb, wq, wc = made(G, S), made(G), made(G, S), made(G), made(Q, G), made(A, S + G)
    bq, wk, v, dense = made(Q), made(Q, S), made(Q), torch.nn.Linear(A, C)
    names = {"1.embed.w": [embed.weight], **names_of_recurrent(encoder, "lstm", 2), **names_of_recurrent(decoder, "lstm", 4),
             "4.lstm.bridge.h": [bh], "4.lstm.bridge.hb": [bhb], "4.lstm.bridge.c": [bc], "4.lstm.bridge.cb": [bcb],
             "5.attend.wq": [wq], "5.attend.wc": [wc], "6.dense.w": [dense.weight], "6.dense.b": [dense.bias]}
    if score == "additive":
        names.update({"5.attend.bq": [bq], "5.attend.wk": [wk], "5.attend.v": [v]})
    ids = [torch.randint(0, V, (n,)) for n in sides]
    steps = [encoder(embed(i))[0] for i in ids]
    x = torch.nn.utils.rnn.pack_sequence([torch.randn(n, F).float().double() for n in lengths])
    data = x.data.clone().requires_grad_(True)
    alive = packed(lengths)
    off = np.concatenate([[0], np.cumsum(alive)])
    rows = [None] * len(data)
    for b, n in enumerate(lengths):
        s = steps[place[b]]
        ends = torch.cat([s[-1, :H], s[0, H:]])
        state = tuple(torch.tanh(w @ ends + c)[None] for w, c in ((bh, bhb), (bc, bcb)))
        found = torch.zeros(A)
        for t in range(n):
            xt = data[off[t] + b]
            h, state = decoder(torch.cat([xt, found])[None] if feed else xt[None], state)
            q = wq @ h[0]
            e = s @ q if score == "general" else torch.tanh(q + bq + s @ wk.T) @ v
            found = torch.tanh(wc @ torch.cat([torch.softmax(e, 0) @ s, h[0]]))
            rows[off[t] + b] = dense(found)
    y = torch.stack(rows)
    target = torch.randint(0, C, (len(rows),))
    loss = torch.nn.functional.cross_entropy(y, target)
    loss.backward()
    side = torch.nn.utils.rnn.pack_sequence(ids)
    tensors = {"x": data.detach().numpy(), "alive": alive, "target": target.numpy(), "y": y.detach().numpy(),
               "loss": loss.detach().numpy().reshape(1), "dx": data.grad.numpy(), "side_ids": side.data.numpy(),
               "side_alive": packed(sides), "place": np.array(place)}
    tensors.update({"w." + k: v for k, v in values(names, "data").items()})
    tensors.update({"g." + k: v for k, v in values(names, "grad").items()})
    fed, how = f" feed={A}" if feed else "", "" if score == "general" else f" {score}"
    write(name, f"embed {E} | lstm {H} bi >> input | lstm {G} bridge{fed} | attend {A}{how} | dense | softmax",
          "E12-E17" + (", E18" if feed else ""), tensors)


def hertz(mel, scale):
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    return np.where(mel < 15, 200 * mel / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def features(x, rate, size, window, hop, low, high, scale="htk", mfcc=0, emphasis=0.0, floor=1e-6, delta=0, stack=1,
             norm=False):
    """What the front end of sound says of samples, in double: equations F3-F6."""
    S, H, K = round(window * rate / 1000), round(hop * rate / 1000), 16
    while K < S:
        K *= 2
    top = 2595 * np.log10(1 + high / 700) if scale == "htk" else 15 + 27 * np.log(high / 1000) / np.log(6.4)
    bottom = 2595 * np.log10(1 + low / 700) if scale == "htk" else 3 * low / 200
    corner = hertz(np.linspace(bottom, top, size + 2), scale)
    bins = np.arange(K // 2 + 1) * rate / K
    triangle = np.array([np.clip(np.minimum((bins - a) / (b - a), (c - bins) / (c - b)), 0, None)
                         for a, b, c in zip(corner, corner[1:], corner[2:])])
    frames = np.stack([x[t * H:t * H + S] for t in range(1 + (len(x) - S) // H)])
    frames = frames - emphasis * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(S) / S)), K)) ** 2
    y = np.log(np.maximum(power @ triangle.T, floor))
    if mfcc:
        i, j = np.arange(mfcc)[:, None], np.arange(size)[None, :]
        y = y @ (np.sqrt(np.where(i > 0, 2, 1) / size) * np.cos(np.pi * i * (j + 0.5) / size)).T
    parts = [y]
    for _ in range(delta):
        c = np.pad(parts[-1], ((2, 2), (0, 0)), mode="edge")
        parts.append((c[3:-1] - c[1:-3] + 2 * (c[4:] - c[:-4])) / 10)
    y = np.concatenate(parts, axis=1)
    if norm:
        y = (y - y.mean(axis=0)) / np.sqrt(y.var(axis=0) + 1e-4)
    y = np.concatenate([y] + [y[-1:]] * (-len(y) % stack))
    return y.reshape(len(y) // stack, -1)


def sound():
    """Tones over noise; the golden rows of four front ends."""
    rng = np.random.default_rng(3)
    t = np.arange(2000) / 8000
    x = (0.3 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * (900 + 2000 * t) * t) + 0.01 * rng.standard_normal(2000))
    x = np.where(t < 0.03, 0, x).astype(np.float32)
    d = x.astype(np.float64)
    lines = ["logmel 40 window=25 hop=10 norm=none", "mfcc 13 window=32 hop=16 mels=26 low=100 high=3800 delta=2",
             "logmel 20 window=20 hop=10 scale=slaney emphasis=0.97 stack=3 norm=none", "logmel 24 window=25 hop=12.5 delta=1"]
    tensors = {"x": x, "y0": features(d, 8000, 40, 25, 10, 20, 4000),
               "y1": features(d, 8000, 26, 32, 16, 100, 3800, mfcc=13, delta=2, norm=True),
               "y2": features(d, 8000, 20, 20, 10, 20, 4000, scale="slaney", emphasis=0.97, stack=3),
               "y3": features(d, 8000, 24, 25, 12.5, 20, 4000, delta=1, norm=True)}
    os.makedirs(os.path.join(HERE, "sound"), exist_ok=True)
    write("sound/front", "", "F3-F6", {k: v.astype(np.float32) for k, v in tensors.items()},
          **{f"line{i}": line for i, line in enumerate(lines)})


def main():
    torch.manual_seed(20)
    os.makedirs(HERE, exist_ok=True)
    sound()
    rnn, lstm, gru = torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU
    recurrent("rnn_tanh", "input | rnn 4 | softmax", rnn(3, 4), "R1-R2")
    recurrent("rnn_relu", "input | rnn 4 act=relu | softmax", rnn(3, 4, nonlinearity="relu"), "R1-R2")
    recurrent("lstm", "input | lstm 4 | softmax", lstm(3, 4), "L1-L12")
    recurrent("lstm_two", "input | lstm 4 layers=2 | softmax", lstm(3, 4, num_layers=2), "L1-L12")
    recurrent("lstm_bi", "input | lstm 4 bi | softmax", lstm(3, 4, bidirectional=True), "L1-L12")
    recurrent("lstm_proj", "input | lstm 5 proj=3 | softmax", lstm(3, 5, proj_size=3), "L1-L12")
    recurrent("lstm_packed", "input | lstm 4 bi layers=2 | softmax", lstm(3, 4, num_layers=2, bidirectional=True), "L1-L12",
              lengths=(6, 4, 4, 1))
    recurrent("gru", "input | gru 4 | softmax", gru(3, 4), "G1-G6")
    recurrent("gru_packed", "input | gru 4 bi | softmax", gru(3, 4, bidirectional=True), "G1-G6", lengths=(6, 4, 4, 1))
    language("language", (6, 6, 3))
    language("language_smooth", (6, 6, 3), smooth=0.1)
    language("adamw", (6, 6, 3), steps=100)
    unaligned("ctc", [[1, 2, 2, 4], [3, 3, 3], [], [2]], (9, 7, 4, 1))
    translator("attend", "general", False, (1, 0, 1, 2), (6, 4, 4, 1), (5, 4, 1))
    translator("attend_additive", "additive", False, (2, 0, 1, 0), (5, 5, 3, 2), (6, 4, 4))
    translator("attend_feed", "general", True, (1, 0, 2, 2), (6, 4, 4, 1), (5, 4, 3))


main()
