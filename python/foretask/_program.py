"""The program: where it is, and how it is called."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, TextIO

from ._errors import error_of, read


# A terminal interrupts every process of a group: without one of its own the program would hear it twice, and quit without saving.
_NEW_GROUP = int(getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))
_INTERRUPT = int(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))


class Said(NamedTuple):
    """What a call of the program wrote."""

    output: str
    notes: str


def find() -> str:
    """The path of the program: ``FORETASK_BINARY`` where that is set, else the one that came with this package.

    Raises:
        FileNotFoundError: where it is in none of the folders that installers put programs into, which are then named.
    """
    chosen = os.environ.get("FORETASK_BINARY")
    if chosen:
        if os.path.isfile(chosen):
            return chosen
        raise FileNotFoundError(f"FORETASK_BINARY names {chosen}, which is no file; unset it, or give the path of the program")
    name = "foretask" + (sysconfig.get_config_var("EXE") or "")
    folders = [
        sysconfig.get_path("scripts"),
        # `pip install --user`, then `--prefix` and `--target`: beside the packages.
        sysconfig.get_path("scripts", scheme=_user_scheme()),
        os.path.join(sys.prefix, "bin"),
        os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin"),
    ]
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(f"{name} is in none of {', '.join(folders)}; install the package again: pip install --force-reinstall foretask")


def call(arguments: Sequence[str], progress: Optional[TextIO] = None) -> Said:
    """Runs the program; what it says on standard error also goes to ``progress``, line by line.

    Raises:
        Error: when it fails.
        KeyboardInterrupt: when this process is interrupted, after the program has saved its work and ended.
    """
    notes: List[str] = []
    error: Optional[Dict[str, Any]] = None
    asked = False
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [find(), "--errors", "json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name != "nt",
            creationflags=_NEW_GROUP,
        )
        assert process.stderr is not None
        try:
            while True:
                try:
                    line = process.stderr.readline()
                    if not line:
                        process.wait()
                        break
                    said = read(line)
                    if said is not None:
                        error = said
                        # It becomes an exception, and is not said twice; after an interruption that is Python's own.
                        line = said["text"] if said["kind"] == "interrupted" else ""
                    notes.append(line)
                    if progress is not None and line:
                        progress.write(line)
                        progress.flush()
                except KeyboardInterrupt:
                    # The first lets it save, the second ends it at once, as at a terminal.
                    asked = True
                    process.send_signal(_INTERRUPT)
        finally:
            process.stderr.close()
            if process.poll() is None:
                process.terminate()
                process.wait()
        output.seek(0)
        printed = Said(output.read().decode("utf-8", "replace"), "".join(notes))
    if asked:
        raise KeyboardInterrupt
    if process.returncode != 0:
        raise error_of(error, printed.notes, process.returncode)
    return printed


def _user_scheme() -> str:
    if sys.version_info >= (3, 10):
        return sysconfig.get_preferred_scheme("user")
    return "nt_user" if os.name == "nt" else "posix_user"
