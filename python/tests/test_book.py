"""What the book shows of Python is run: every code cell of the notebook, without Jupyter, and every example of the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List

import drawn
import foretask
import pytest
from conftest import SCRIPT

BOOK = Path(__file__).parents[2] / "docs/src"


def run_in_order(file: Path, pieces: List[str]) -> Dict[str, Any]:
    """The names that are left."""
    names: Dict[str, Any] = {"__name__": "__main__"}
    for number, piece in enumerate(pieces, 1):
        exec(compile(piece, f"{file.name}, piece {number}", "exec"), names)
    return names


def test_every_cell_of_the_notebook_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook = BOOK / "python/few-labels.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    names = run_in_order(notebook, ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"])
    printed = capsys.readouterr().out
    assert "pretrain resnet10 by simclr" in printed and "there is no word `finetuen`" in printed
    assert "broken.png not an image in a known format" in printed
    assert isinstance(names["run"], foretask.Run) and len(names["rows"]) == 2


def test_every_example_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in ("numpy", "pandas"):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    drawn.draw(tmp_path / "photos")
    # The names that the quickstart has, with images that take seconds.
    script = SCRIPT.replace("rotation()", "simclr()").replace("probe: linear", "simclr: linear")
    (tmp_path / "quickstart.rhai").write_text(script, encoding="utf-8")
    page = BOOK / "howto/python.md"
    examples = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names = run_in_order(page, examples)
    printed = capsys.readouterr().out
    assert "there is no word `finetuen`" in printed and "script.rhai:2:12" in printed
    assert names["features"].shape == (36, 32) and "encoder-simclr" in names["run"].weights
