"""What the program says when it fails, as an exception."""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

_PLACE = re.compile(r"\[(.+:\d+:\d+)\]$")

# How the line of an error begins.
ERROR = "  × "


class Error(Exception):
    """The program refused its input or failed; the text is the program's own.

    Attributes:
        text: everything the program said, with the script's line and the word underlined.
        message: what is wrong, in one line.
        place: ``script:line:column``, or None where the error is not in a script.
        help: the way out, or None.
        code: the exit code: 1 failed, 2 wrong input, 130 interrupted.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text, code)
        self.text = text
        self.code = code
        self.message, self.place, self.help = _parts(text)

    def __str__(self) -> str:
        return self.text


def last_error(said: str) -> str:
    """The error at the end of what came on standard error; all of it where none is marked."""
    lines = said.rstrip().splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(ERROR)]
    return "\n".join(lines[starts[-1] :] if starts else lines[-5:])


def _parts(text: str) -> Tuple[str, Optional[str], Optional[str]]:
    message: List[str] = []
    help_lines: List[str] = []
    place: Optional[str] = None
    for line in text.splitlines():
        found = _PLACE.search(line)
        if line.startswith(ERROR):
            message.append(line[4:])
        elif line.startswith("  │ ") and place is None and not help_lines:
            message.append(line[4:])
        elif line.lstrip().startswith("╭") and found:
            place = found.group(1)
        elif line.startswith("  help: "):
            help_lines.append(line[8:])
        elif help_lines:
            help_lines.append(line.strip())
    return _unwrapped(message) or text.strip(), place, "\n".join(help_lines) or None


def _unwrapped(lines: List[str]) -> str:
    """One line: the program breaks long ones at spaces, and inside of words behind a hyphen or a slash."""
    return re.sub(r"(?<=\S[-/])\n", "", "\n".join(lines)).replace("\n", " ")
