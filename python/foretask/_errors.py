"""What the program says when it fails, as an exception."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

# How the line begins that ``--errors json`` ends standard error with.
_BEGIN = '{"message":'


class Error(Exception):
    """The program refused its input or failed; the text is the program's own.

    Attributes:
        text: everything the program said of it, with the script's line and the word underlined.
        message: what is wrong, in one line.
        help: the way out, or None.
        kind: ``usage``: the input is wrong; ``run``: it failed nevertheless; ``interrupted``: the same call goes on.
        code: the exit code: 2, 1 or 130; below 0 where a signal ended the program.
        path: the script, or the file that it imports, in which the error is; None where it is in none.
        line: the line in it, from 1, or None.
        column: the character in that line, from 1, or None.
        word: the word at fault, as it stands there, or None.
    """

    def __init__(self, text: str, code: int, said: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(text, code)
        said = said or {}
        self.text = text
        self.code = code
        self.message: str = said.get("message", text.strip())
        self.help: Optional[str] = said.get("help")
        self.kind: str = said.get("kind", {2: "usage", 130: "interrupted"}.get(code, "run"))
        self.path: Optional[str] = said.get("path")
        self.line: Optional[int] = said.get("line")
        self.column: Optional[int] = said.get("column")
        self.word: Optional[str] = said.get("word")

    def __str__(self) -> str:
        return self.text

    @property
    def place(self) -> Optional[str]:
        """``path:line:column``, or None where the error is in no script."""
        return None if self.path is None else f"{self.path}:{self.line}:{self.column}"


def read(line: str) -> Optional[Dict[str, Any]]:
    """The error that a line of standard error is, or None where it is another line."""
    if not line.startswith(_BEGIN):
        return None
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "text" in said else None


def error_of(said: Optional[Dict[str, Any]], notes: str, code: int) -> Error:
    """The exception for it; where the program ended without saying one, for the last lines of what it said."""
    if said is None:
        last = "\n".join(notes.rstrip().splitlines()[-5:])
        return Error(last or f"the program ended with code {code} and said nothing", code)
    return Error(said["text"].rstrip(), code, said)
