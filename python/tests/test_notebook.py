"""The book's notebook: every code cell, in order, without Jupyter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import foretask
import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs/src/python/few-labels.ipynb"


def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: Dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}, cell {number}", "exec"), names)
    printed = capsys.readouterr().out
    assert "pretrain resnet10 by simclr" in printed and "there is no word `finetuen`" in printed
    assert "broken.png not an image in a known format" in printed
    assert isinstance(names["run"], foretask.Run) and len(names["rows"]) == 2
