"""Scripts: run and check."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from typing import Iterator, List, Mapping, Optional, Union

from ._errors import Error
from ._program import call
from ._runs import Run

Script = Union[str, "os.PathLike[str]"]
Value = Union[str, int, float, bool]

_RESULTS = re.compile(r"^Results: (.+) \([^()]*\)$", re.MULTILINE)


def run(
    script: Script,
    *,
    set: Optional[Mapping[str, Value]] = None,
    out: Union[str, "os.PathLike[str]", None] = None,
    device: Optional[str] = None,
    quiet: bool = False,
) -> Run:
    """Runs a script; running it again loads what is finished and goes on with what is not.

    Args:
        script: a path, or the text of a script (anything with a line break or a semicolon that is no file).
        set: other values for the script's ``param``s.
        out: the folder of results and finished stages, ``runs`` unless given.
        device: ``auto``, ``flex``, ``libtorch`` or ``libtorch:cuda:N``.
        quiet: no progress on ``sys.stderr``.

    Raises:
        Error: when the script is wrong or the run fails.
        KeyboardInterrupt: after the stage that was interrupted has been saved; the same call goes on from there.
    """
    with _file(script) as path:
        said = call(["run", *_options(set, out, device), "--", path], None if quiet else sys.stderr)
    folders = _RESULTS.findall(said.notes)
    if not folders:
        raise Error(f"the program did not say where the results are:\n{said.notes}", 1)
    return Run(folders[-1], said.output)


def check(
    script: Script,
    *,
    set: Optional[Mapping[str, Value]] = None,
    out: Union[str, "os.PathLike[str]", None] = None,
    device: Optional[str] = None,
) -> str:
    """Validates a script and trains nothing.

    Args:
        script, set, out, device: as for :func:`run`.

    Returns:
        The plan: data, stages, what was chosen and why, warnings.

    Raises:
        Error: when the script is wrong.
    """
    with _file(script) as path:
        said = call(["check", *_options(set, out, device), "--", path])
    return said.notes + said.output


def _options(
    params: Optional[Mapping[str, Value]], out: Union[str, "os.PathLike[str]", None], device: Optional[str]
) -> List[str]:
    options: List[str] = []
    for name, value in (params or {}).items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        options += ["--set", f"{name}={shown}"]
    if out is not None:
        options += ["--out", os.fspath(out)]
    if device is not None:
        options += ["--device", device]
    return options


@contextlib.contextmanager
def _file(script: Script) -> Iterator[str]:
    """The script's path; a text becomes a file for as long as it is needed."""
    is_text = isinstance(script, str) and ("\n" in script or ";" in script)
    if not is_text or os.path.isfile(script):
        yield os.fspath(script)
        return
    with tempfile.TemporaryDirectory(prefix="foretask-") as folder:
        path = os.path.join(folder, "script.rhai")
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(script))
        yield path
