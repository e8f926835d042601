"""Results are a table, in whatever form is asked for."""

from __future__ import annotations

import json
import os

import foretask
import pytest
from conftest import Done


def test_a_row_for_each_draw(done: Done) -> None:
    rows = foretask.load_results(done.run)
    written = json.loads((done.run.folder / "results.json").read_text(encoding="utf-8"))["stripes"]["results"]
    assert [(row["result"], row["seed"], row["accuracy"]) for row in rows] == [
        (result["name"], draw["seed"], draw["accuracy"]) for result in written for draw in result["draws"]
    ]
    probe = [row for row in rows if row["result"] == "probe"]
    scratch = [row for row in rows if row["result"] == "scratch"]
    assert [row["seed"] for row in probe] == [1, 2]
    assert probe[0]["mean"] == pytest.approx((probe[0]["accuracy"] + probe[1]["accuracy"]) / 2)
    for one, other in zip(probe, scratch):
        assert one["to_scratch"] == pytest.approx(one["accuracy"] - other["accuracy"])
        assert os.path.isfile(one["weights"])
    assert scratch[0]["to_scratch"] is None
    assert probe[0]["images_low"] < probe[0]["mean"] < probe[0]["images_high"]


def test_a_run_its_folder_and_its_file_are_the_same(done: Done) -> None:
    rows = foretask.load_results(done.run)
    assert rows == foretask.load_results(done.run.folder)
    assert rows == foretask.load_results(str(done.run.folder / "results.json"))


def test_frames_hold_the_same(done: Done) -> None:
    rows = foretask.load_results(done.run)
    pytest.importorskip("pandas")
    frame = foretask.load_results(done.run, frame="pandas")
    assert list(frame["accuracy"]) == [row["accuracy"] for row in rows]


def test_polars_frames_hold_the_same(done: Done) -> None:
    pytest.importorskip("polars")
    assert foretask.load_results(done.run, frame="polars").to_dicts() == foretask.load_results(done.run)


def test_what_is_not_there_is_said(done: Done) -> None:
    with pytest.raises(FileNotFoundError, match="has not finished"):
        foretask.load_results(done.place)
    with pytest.raises(ValueError, match="no frame 'excel'"):
        foretask.load_results(done.run, frame="excel")  # type: ignore[call-overload]
