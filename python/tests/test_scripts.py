"""Scripts are run and checked, and their mistakes are exceptions."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable

import foretask
import pytest
from conftest import SCRIPT, Done

MISTAKE = 'let x = 1;\nreportt("a", #{});'


def test_a_run_says_where_its_files_are(done: Done) -> None:
    assert done.run.status == "done"
    assert done.run.report_path == done.run.folder / "report.html"
    assert done.run.about["params"] == [{"name": "steps", "value": "3", "set": True}]
    assert {"encoder-rotation", "probe-draw1", "probe-draw2"} <= set(done.run.weights)
    assert all(path.is_file() for path in done.run.weights.values())
    assert "stripes" in done.run.results and "probe" in done.run.text


def test_the_latest_run_is_found(there: Done) -> None:
    assert foretask.latest("stripes.rhai").folder.resolve() == there.run.folder.resolve()
    with pytest.raises(FileNotFoundError, match="no run of 'other'"):
        foretask.latest("other")


def test_progress_goes_to_standard_error(there: Done, capsys: pytest.CaptureFixture[str]) -> None:
    foretask.run("stripes.rhai", set={"steps": 3}, out="other")
    printed = capsys.readouterr()
    assert "linear probe" in printed.err and printed.out == ""
    assert foretask.latest("stripes", out="other").status == "done"
    foretask.run("stripes.rhai", set={"steps": 3}, out="other", quiet=True)
    assert capsys.readouterr().err == ""


def test_a_text_is_a_script(there: Done, no_leftovers: None) -> None:
    plan = foretask.check(SCRIPT)
    assert "pretrain resnet10 by rotation" in plan and "2 steps" in plan
    assert "5 steps" in foretask.check(SCRIPT, set={"steps": 5})


@pytest.mark.parametrize("verb", [foretask.run, foretask.check])
def test_a_mistake_is_an_error_with_the_words_of_the_program(
    verb: Callable[[str], object], no_leftovers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(foretask.Error) as caught:
        verb(MISTAKE)
    error = caught.value
    assert error.code == 2
    assert error.message == "there is no word `reportt`"
    assert error.path is not None and error.path.endswith("script.rhai")
    assert (error.line, error.column, error.word, error.kind) == (2, 1, "reportt", "usage")
    assert error.place == f"{error.path}:2:1"
    assert error.help is not None and error.help.startswith("did you mean `report`?")
    assert 'reportt("a"' in str(error) and "  × there is no word `reportt`" in str(error)
    assert "reportt" not in capsys.readouterr().err


def test_long_messages_and_strange_names_arrive_as_they_are(there: Done) -> None:
    name = "nothing-" + "long/" * 40 + "é \u202e"
    with pytest.raises(foretask.Error) as caught:
        foretask.check(f"let a = 1; let data = dataset({json.dumps(name, ensure_ascii=False)});\n")
    error = caught.value
    assert (error.line, error.column, error.code) == (1, 31, 2)
    # What would act on a terminal is written out, and nothing is broken into lines.
    assert name[:-1] + "\\u{202e}" in error.message and "\n" not in error.message
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.word, copy.place, str(copy)) == (error.message, error.word, error.place, str(error))


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_a_program_that_just_ends_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "foretask"
    program.write_text('#!/bin/sh\necho \'{"message": nothing\' >&2\necho last words >&2\nexit 3\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("FORETASK_BINARY", str(program))
    with pytest.raises(foretask.Error, match="last words") as caught:
        foretask.check("let x = 1;")
    assert (caught.value.code, caught.value.kind, caught.value.line) == (3, "run", None)
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    with pytest.raises(foretask.Error, match="code 3"):
        foretask.check("let x = 1;")


def test_a_script_that_is_not_there_is_named() -> None:
    with pytest.raises(foretask.Error, match="`nowhere.rhai` cannot be read") as caught:
        foretask.check("nowhere.rhai")
    error = caught.value
    assert [error.path, error.line, error.column, error.word, error.place] == [None] * 5
    assert error.kind == "usage" and error.help is not None


def test_an_unknown_param_is_an_error(there: Done) -> None:
    with pytest.raises(foretask.Error, match="stepps") as caught:
        foretask.check("stripes.rhai", set={"stepps": 3})
    assert caught.value.code == 2
    with pytest.raises(foretask.Error, match="unexpected argument|invalid value") as caught:
        foretask.check("stripes.rhai", set={"": 3})
    assert caught.value.kind == "usage" and caught.value.code == 2 and caught.value.help is not None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that reaches one process alone")
def test_an_interrupted_run_saves_its_work(there: Done) -> None:
    code = 'import foretask; foretask.run("stripes.rhai", set={"steps": 100000000}, out="stopped")'
    environment = {**os.environ, "PYTHONPATH": str(Path(foretask.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("  rotation: "):
            # As a terminal does: to every process of the group.
            os.killpg(process.pid, signal.SIGINT)
            break
    rest = process.stderr.read()
    process.wait()
    assert "saved in" in rest and "KeyboardInterrupt" in rest
    assert foretask.latest("stripes", out="stopped").status == "interrupted"
