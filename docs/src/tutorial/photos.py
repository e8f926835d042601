"""Draws pictures to follow the tutorial with, and labels a table of them as a person would. Needs nothing but Python.

    python3 photos.py photos               600 pictures of rings, squares and stripes, without labels
    python3 photos.py --label TABLE.csv    fill in the column `label`
"""

import csv
import pathlib
import random
import struct
import sys
import zlib

SIDE = 32
COUNT = 600
KINDS = ["ring", "square", "stripes"]


def kind_of(number):
    return random.Random(f"kind {number}").choice(KINDS)


def inside(kind, x, y, size):
    if kind == "ring":
        return 0.45 * size < (x * x + y * y) ** 0.5 < size
    return max(abs(x), abs(y)) < 0.9 * size and (kind == "square" or int(y + 64) // 2 % 2 == 0)


def draw(number):
    """The pixels of a picture: a thing of any color, somewhere on a darker ground, with grain."""
    dice, kind = random.Random(f"picture {number}"), kind_of(number)
    ground = [dice.randrange(20, 90) for _ in range(3)]
    paint = [dice.randrange(120, 236) for _ in range(3)]
    size, left, top = dice.uniform(7, 11), dice.uniform(12, 20), dice.uniform(12, 20)
    rows = []
    for y in range(SIDE):
        row = bytearray([0])
        for x in range(SIDE):
            grain = dice.randrange(-20, 20)
            row += bytes(value + grain for value in (paint if inside(kind, x - left, y - top, size) else ground))
        rows.append(bytes(row))
    return b"".join(rows)


def png(pixels):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def label(table):
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["label"] = kind_of(int(pathlib.Path(row["path"]).stem))
    with open(table, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


if sys.argv[1:2] == ["--label"]:
    label(sys.argv[2])
else:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number:04}.png").write_bytes(png(draw(number)))
