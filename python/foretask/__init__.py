"""Self-supervised learning on images from short scripts.

The wheel holds a program, ``foretask``. This package runs it and reads what it leaves: :func:`run` and :func:`check` for scripts,
:func:`load_results` for tables, :class:`Classifier` and :class:`Encoder` for the models that runs save. ``python -m foretask`` is the
program itself, and :func:`find` says where it is.
"""

from __future__ import annotations

from ._errors import Error
from ._models import Classifier, Encoder, Prediction
from ._program import find
from ._results import load_results
from ._runs import Run, latest
from ._scripts import check, run

__all__ = ["Classifier", "Encoder", "Error", "Prediction", "Run", "check", "find", "latest", "load_results", "run"]
