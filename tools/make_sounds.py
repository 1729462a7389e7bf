# SPDX-License-Identifier: MIT
"""Telephone dialling for share/: numbers of 3 to 6 digits as pairs of tones (DTMF, ITU-T Q.23) over a noisy line."""
import io
import math
import struct

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = "123456789*0#"
RATE = 4000


def tone(digit, seconds, size, rng):
    """One key: a low and a high tone, a little off tune, with soft ends."""
    at, n, soft = KEYS.index(digit), int(seconds * RATE), int(0.005 * RATE)
    low, high = LOW[at // 3] * rng.uniform(0.985, 1.015), HIGH[at % 3] * rng.uniform(0.985, 1.015)
    a, b = rng.random() * 6.28, rng.random() * 6.28
    return [size * min(1, (i + 1) / soft, (n - i) / soft)
            * (math.sin(2 * math.pi * low * i / RATE + a) + math.sin(2 * math.pi * high * i / RATE + b)) / 2 for i in range(n)]


def wav(samples):
    """8 bits, one channel."""
    data = bytes(max(0, min(255, round(128 + 127 * x))) for x in samples)
    out = io.BytesIO()
    out.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE, 1, 8))
    out.write(b"data" + struct.pack("<I", len(data)) + data)
    return out.getvalue()


def dial(name, count, rng):
    """A recording of `count` numbers, one after the other, and the list that says where each stands and what it is."""
    samples, lines = [], []
    for _ in range(count):
        begin = len(samples)
        digits = [rng.choice("0123456789") for _ in range(rng.randint(3, 6))]
        size, noise = rng.uniform(0.2, 0.8), rng.uniform(0.01, 0.05)
        spoken = [0.0] * int(rng.uniform(0.03, 0.08) * RATE)
        for digit in digits:
            spoken += tone(digit, rng.uniform(0.04, 0.09), size, rng) + [0.0] * int(rng.uniform(0.03, 0.07) * RATE)
        samples += [x + rng.gauss(0, noise) for x in spoken]
        lines.append(f"{name}#{begin / RATE:.4f}-{len(samples) / RATE:.4f}\t{' '.join(digits)}")
    return wav(samples), "\n".join(lines) + "\n"
