"""Makes the font files of this folder anew; see README.md.

    apt-get download fonts-dejavu-core fonts-noto-core fonts-wqy-microhei; unpack each with `dpkg -x PACKAGE debs/`
    pip install fonttools==4.60.1; python subset.py debs/
"""

import gzip
import io
import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

LETTERS = [
    (0x20, 0x7E), (0xA0, 0x52F),  # Latin, Greek, Cyrillic
    (0x530, 0x5FF), (0x600, 0x6FF), (0x750, 0x77F), (0x10A0, 0x10FF),  # Armenian, Hebrew, Arabic, Georgian
    (0x1E00, 0x1FFF), (0x2000, 0x23FF), (0x2500, 0x27BF),  # further Latin and Greek, punctuation, arrows, signs
    (0xFB00, 0xFDFF), (0xFE70, 0xFEFF), (0xFFFD, 0xFFFD),  # ligatures and joined forms
]


def code_points(ranges):
    return [point for first, last in ranges for point in range(first, last + 1)]


def han():
    """Characters of GB 2312, Big5 (level 1), JIS X 0208, kana, bopomofo, wide forms, and every Hangul syllable."""
    found = set(code_points([(0x3000, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0xFF00, 0xFFEF), (0xAC00, 0xD7A3)]))
    double = [
        ("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF)),
        ("euc_jp", range(0xA1, 0xF5), range(0xA1, 0xFF)),
        ("big5", range(0xA1, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)]),
    ]
    for codec, firsts, seconds in double:
        for pair in (bytes([a, b]) for a in firsts for b in seconds):
            try:
                text = pair.decode(codec)
            except UnicodeDecodeError:
                continue
            found.update(ord(letter) for letter in text if ord(letter) >= 0x2E80)
    return found


def write(name, source, points, features, number=-1):
    options = subset.Options(hinting=False, layout_features=features, notdef_outline=True)
    options.drop_tables += ["FFTM", "vhea", "vmtx", "VORG"] + ([] if features else ["GSUB", "GPOS", "GDEF"])
    font = TTFont(source, fontNumber=number, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points if points else list(font.getBestCmap()))
    cutter.subset(font)
    plain = io.BytesIO()
    font.save(plain, reorderTables=False)
    packed = gzip.compress(plain.getvalue(), 9, mtime=0)
    pathlib.Path(name).write_bytes(packed)
    print(f"{name}: {len(font.getBestCmap())} characters, {len(packed)} bytes")


fonts = pathlib.Path(sys.argv[1]) / "usr/share/fonts/truetype"
write("letters.ttf.gz", fonts / "dejavu/DejaVuSans.ttf", code_points(LETTERS), ["*"])
write("devanagari.ttf.gz", fonts / "noto/NotoSansDevanagari-Regular.ttf", None, ["*"])
write("thai.ttf.gz", fonts / "noto/NotoSansThai-Regular.ttf", None, ["*"])
write("han.ttf.gz", fonts / "wqy/wqy-microhei.ttc", han(), [], 0)
