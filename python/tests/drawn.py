"""Small pictures of stripes, drawn without any library."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import List

CLASSES = ("across", "down")
SIZE = 16


def stripes(kind: str, number: int) -> List[List[int]]:
    """Rows of gray values."""
    dark, light = 40 + 10 * number, 215 - 8 * number
    return [
        [dark if ((y if kind == "across" else x) + number) // 3 % 2 else light for x in range(SIZE)] for y in range(SIZE)
    ]


def png(rows: List[List[int]]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def draw(root: Path) -> None:
    """A folder of a dozen training and half a dozen test images of either class."""
    for split, count in (("train", 12), ("test", 6)):
        for kind in CLASSES:
            folder = root / split / kind
            folder.mkdir(parents=True)
            for number in range(count):
                (folder / f"{number}.png").write_bytes(png(stripes(kind, number)))
