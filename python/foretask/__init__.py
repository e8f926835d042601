"""Self-supervised learning on images from short scripts.

The wheel holds a program, ``foretask``; ``python -m foretask`` runs it, and :func:`find` says where it is.
"""

from __future__ import annotations

import os
import sys
import sysconfig

__all__ = ["find"]


def find() -> str:
    """The path of the program that came with this package.

    Raises:
        FileNotFoundError: where it is in none of the folders that installers put programs into, which are then named.
    """
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


def _user_scheme() -> str:
    if sys.version_info >= (3, 10):
        return sysconfig.get_preferred_scheme("user")
    return "nt_user" if os.name == "nt" else "posix_user"
