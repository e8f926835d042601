"""``python -m foretask``: the program, with the same arguments and exit code."""

import os
import subprocess
import sys

from foretask._program import find


def main() -> int:
    command = [find(), *sys.argv[1:]]
    if os.name == "nt":
        return subprocess.call(command)
    # In place of this process, so that signals reach it.
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
