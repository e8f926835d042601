"""The folder that a run leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from ._program import call


class Run:
    """A run's folder; usable wherever a path is.

    Attributes:
        folder: the folder.
        text: what the run printed, with its tables; empty for a run of the past.
    """

    def __init__(self, folder: Union[str, "os.PathLike[str]"], text: str = "") -> None:
        self.folder = Path(folder)
        self.text = text

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def about(self) -> Dict[str, Any]:
        """``run.json``: status, params, data, stages, versions.

        Raises:
            OSError: where the folder holds none.
        """
        return _json(self.folder / "run.json")

    @property
    def status(self) -> str:
        """``done``, ``failed``, ``interrupted`` or ``running``, as the run itself wrote it."""
        return str(self.about["status"])

    @property
    def report_path(self) -> Optional[Path]:
        """The page of the first ``report`` of the script, or None without any."""
        page = self.folder / "report.html"
        return page if page.is_file() else None

    @property
    def results(self) -> Dict[str, Any]:
        """``results.json`` by the title of a report; empty where the script reports nothing. :func:`load_results` makes it a table."""
        path = self.folder / "results.json"
        return _json(path) if path.is_file() else {}

    @property
    def weights(self) -> Dict[str, Path]:
        """Saved models by name (``encoder-simclr``, ``simclr-draw1``)."""
        return {path.stem: path for path in sorted((self.folder / "weights").glob("*.safetensors"))}


def latest(script_name: str, out: Union[str, "os.PathLike[str]", None] = None) -> Run:
    """The latest run of a script.

    Args:
        script_name: the script's name, with or without ``.rhai``.
        out: the folder of results, ``runs`` unless given.

    Raises:
        FileNotFoundError: where there is no run of it.
        Error: where the folder cannot be read.
    """
    folder = "runs" if out is None else os.fspath(out)
    runs: List[Dict[str, Any]] = json.loads(call(["runs", "--json", "--out", folder, "--", script_name]).output)
    if not runs:
        raise FileNotFoundError(f"{folder} holds no run of {script_name!r}; `foretask runs --out {folder}` lists those there are")
    return Run(runs[-1]["folder"])


def _json(path: Path) -> Dict[str, Any]:
    value: Dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value
