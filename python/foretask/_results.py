"""Results as a table."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Literal, Optional, Union, overload

if TYPE_CHECKING:
    import pandas
    import polars

Row = Dict[str, Any]
Source = Union[str, "os.PathLike[str]"]


@overload
def load_results(run: Source, frame: None = None) -> List[Row]: ...
@overload
def load_results(run: Source, frame: Literal["pandas"]) -> pandas.DataFrame: ...
@overload
def load_results(run: Source, frame: Literal["polars"]) -> polars.DataFrame: ...


def load_results(run: Source, frame: Optional[str] = None) -> Any:
    """A table with a row for each report, result and draw of the labels.

    Columns: report, result, role, protocol, labels, labels_per_class, seed, accuracy (of this draw), mean, sd, draws_low, draws_high
    (95 % interval over draws), images_low, images_high (over images), to_scratch (this draw against scratch), to_scratch_mean,
    to_scratch_low, to_scratch_high, weights (path of the saved classifier). Accuracies are from 0 to 1; what was not measured is None.

    Args:
        run: a :class:`Run`, a run's folder, or a ``results.json``.
        frame: ``"pandas"`` or ``"polars"`` for a data frame; a list of dicts otherwise.

    Raises:
        FileNotFoundError: where there are no results.
        ImportError: where the library asked for is not installed.
        ValueError: for another frame.
    """
    path = Path(run)
    if path.is_dir():
        path = path / "results.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: the run has not finished a `report(…)`")
    reports: Dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        row
        for title, report in reports.items()
        for result in report["results"]
        for row in _rows(title, result, path.parent / "weights")
    ]
    if frame is None:
        return rows
    if frame == "pandas":
        import pandas

        return pandas.DataFrame(rows)
    if frame == "polars":
        import polars

        return polars.DataFrame(rows, infer_schema_length=None)
    raise ValueError(f'there is no frame {frame!r}: give "pandas", "polars" or None')


def _rows(title: str, result: Dict[str, Any], folder: Path) -> List[Row]:
    scratch: Dict[str, Any] = next((d for d in result.get("differences") or [] if d["reference"] == "scratch"), {})
    to_scratch = {draw["seed"]: draw["accuracy"] for draw in scratch.get("draws") or []}
    draws = result.get("over_draws") or {}
    images = result.get("over_images") or {}
    interval = scratch.get("interval") or {}
    files = result.get("weights") or []
    rows = []
    for number, draw in enumerate(result["draws"]):
        file = files[number] if number < len(files) else None
        rows.append(
            {
                "report": title,
                "result": result["name"],
                "role": result.get("role"),
                "protocol": result.get("protocol"),
                "labels": result.get("labels"),
                "labels_per_class": result.get("labels_per_class"),
                "seed": draw["seed"],
                "accuracy": draw["accuracy"],
                "mean": result.get("mean"),
                "sd": result.get("sd"),
                "draws_low": draws.get("low"),
                "draws_high": draws.get("high"),
                "images_low": images.get("low"),
                "images_high": images.get("high"),
                "to_scratch": to_scratch.get(draw["seed"]),
                "to_scratch_mean": scratch.get("mean"),
                "to_scratch_low": interval.get("low"),
                "to_scratch_high": interval.get("high"),
                "weights": str(folder / file) if file else None,
            }
        )
    return rows
