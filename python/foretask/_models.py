"""Saved models: labels and features for images."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Dict, List, Literal, NamedTuple, Optional, Tuple, Union

from ._errors import Error
from ._images import Given, Images, given
from ._program import call

if TYPE_CHECKING:
    import numpy
    import pandas
    import polars

_LEFT_OUT = re.compile(r"^Warning: row (\d+) \((.*): left out$")
_ALL_BAD = re.compile(r" images cannot be used \(none is left\): ")
# So many reasons the program gives where no image can be used.
_REASONS_AT_ONCE = 5


class Prediction(NamedTuple):
    """The answer to one image.

    Attributes:
        path: the image's path as it was given, or ``image N`` for what was no file.
        label: its class, or None where there is an error.
        confidence: the probability of that class, 0 to 1.
        scores: the probability of each class.
        unlike: whether it is unlike anything labeled, so that no answer is to be believed; None where that is not known.
        nearest: the nearest labeled image.
        error: why the program could not use the image, or None.
    """

    path: str
    label: Optional[str] = None
    confidence: Optional[float] = None
    scores: Dict[str, float] = {}
    unlike: Optional[bool] = None
    nearest: Optional[str] = None
    error: Optional[str] = None


class Encoder:
    """An encoder or classifier that a run or ``.save`` wrote, or weights of torchvision."""

    def __init__(
        self, path: Union[str, "os.PathLike[str]"], *, device: Optional[str] = None, fit: Optional[str] = None
    ) -> None:
        """
        Args:
            path: the file.
            device: ``auto``, ``flex``, ``libtorch`` or ``libtorch:cuda:N``.
            fit: ``crop``, ``pad`` or ``stretch``, for images of other proportions than the network's input.

        Raises:
            FileNotFoundError: where there is no such file.
        """
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise FileNotFoundError(f"there is no model {self.path}; `Run.weights` lists those of a run")
        self._options: List[str] = []
        for name, value in (("--device", device), ("--fit", fit)):
            if value is not None:
                self._options += [name, value]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def embed(self, images: Images) -> "numpy.ndarray[Any, Any]":
        """Features, one row of float32 for each image, in order; NaN where an image cannot be used.

        Args:
            images: a path, a folder, a PIL image, a numpy array (HxW or HxWxC), or several of these.

        Raises:
            Error: where the model cannot be used, or no image can.
            ImportError: without numpy.
        """
        import numpy

        with given(images) as those:
            found, reasons = self._rows("embed", those)
            if those.paths and not found:
                raise Error(f"no image can be used; {those.names[0]}: {reasons[0]}", 2)
            width = len(next(iter(found.values()))["embedding"]) if found else 0
            features = numpy.full((len(those.paths), width), numpy.nan, dtype=numpy.float32)
            for row, line in found.items():
                features[row] = line["embedding"]
        return features

    def _rows(self, verb: str, those: Given) -> Tuple[Dict[int, Dict[str, Any]], Dict[int, str]]:
        """What the program says of each image, and why of those that it cannot use."""
        found: Dict[int, Dict[str, Any]] = {}
        reasons: Dict[int, str] = {}
        open_rows = list(range(len(those.paths)))
        size = max(len(open_rows), 1)
        while open_rows:
            rows, open_rows = open_rows[:size], open_rows[size:]
            output = os.path.join(those.folder, "output.jsonl")
            table = those.table(rows, "images.jsonl")
            try:
                said = call([verb, *self._options, "--force", "-o", output, "--", self.path, table])
            except Error as error:
                told = _reasons_of_all(error)
                if not told:
                    raise
                reasons.update({rows[at]: reason for at, reason in told.items() if at < len(rows)})
                # No image of these can be used, and the reasons of the first are told: ask for the others.
                open_rows = [row for row in rows if row not in reasons] + open_rows
                size = _REASONS_AT_ONCE
                continue
            for line in said.notes.splitlines():
                match = _LEFT_OUT.match(line)
                if match:
                    row = rows[int(match.group(1))]
                    reasons[row] = _after(match.group(2), those.paths[row])
            with open(output, encoding="utf-8") as file:
                for line in file:
                    value = json.loads(line)
                    found[rows[value["row"]]] = value
        return found, reasons


class Classifier(Encoder):
    """A classifier that a run keeps in its ``weights/``, or that ``.save`` wrote."""

    def predict(self, images: Images) -> List[Prediction]:
        """A label for each image, in order. An image that cannot be used is a :class:`Prediction` with an ``error``.

        Args:
            images: a path, a folder, a PIL image, a numpy array (HxW or HxWxC; uint8, uint16, floats), or several of these.

        Raises:
            Error: where the model cannot be used.
            TypeError: for what is no image.
        """
        with given(images) as those:
            found, reasons = self._rows("predict", those)
            unknown = "the program gave no answer and no reason"
            return [
                _prediction(name, found[row]) if row in found else Prediction(name, error=reasons.get(row, unknown))
                for row, name in enumerate(those.names)
            ]

    def predict_frame(
        self, images: Images, frame: Literal["pandas", "polars"] = "pandas"
    ) -> Union[pandas.DataFrame, polars.DataFrame]:
        """As :meth:`predict`, as a data frame: path, label, confidence, ``p_CLASS`` for each class, unlike, nearest, error.

        Raises:
            Error, TypeError: as :meth:`predict`.
            ImportError: where the library asked for is not installed.
            ValueError: for another frame.
        """
        predictions = self.predict(images)
        classes = next((list(one.scores) for one in predictions if one.scores), [])
        columns: Dict[str, List[Any]] = {"path": [], "label": [], "confidence": []}
        columns.update({f"p_{name}": [one.scores.get(name) for one in predictions] for name in classes})
        for name in ("path", "label", "confidence", "unlike", "nearest", "error"):
            columns[name] = [getattr(one, name) for one in predictions]
        if frame == "pandas":
            import pandas

            return pandas.DataFrame(columns)
        if frame == "polars":
            import polars

            return polars.DataFrame(columns)
        raise ValueError(f'there is no frame {frame!r}: give "pandas" or "polars"')


def _prediction(name: str, line: Dict[str, Any]) -> Prediction:
    scores = {key[2:]: value for key, value in line.items() if key.startswith("p_")}
    return Prediction(name, line["label"], line["confidence"], scores, line.get("unlike"), line.get("nearest"))


def _after(told: str, path: str) -> str:
    """The reason behind ``PATH): ``; a path may hold that, too."""
    begin = path + "): "
    return told[len(begin) :] if told.startswith(begin) else told.partition("): ")[2]


def _reasons_of_all(error: Error) -> Dict[int, str]:
    """The reasons in an error that says that no image can be used; none of another error."""
    parts = _ALL_BAD.split(error.message, maxsplit=1)
    if len(parts) < 2:
        return {}
    told = re.sub(r"; and \d+ more$", "", parts[1])
    pieces = re.split(r"(?:^|; )row (\d+) \(", told)[1:]
    return {int(row): reason.partition("): ")[2] for row, reason in zip(pieces[::2], pieces[1::2])}
