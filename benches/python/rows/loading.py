"""Rows of importing the module, each time in an interpreter of its own."""

import subprocess
import sys
from pathlib import Path

from rows.table import heading, row

heading("Import")

CHILD = """
import sys
sys.path.append({folder!r})
import time
begun = time.process_time()
import {module}
{then}
print(time.process_time() - begun)
"""


@row("import", "", goal=5, pairs=5)
@row("import and AF_INET", "{module}.AF_INET", goal=1.4, pairs=5)
def importing(module, exits, then):
    # For a package the folder that it lies in; the interpreter's own module needs none.
    folder = str(Path(module.__file__).parent.parent)
    name = module.__name__
    program = CHILD.format(folder=folder, module=name, then=then.format(module=name))

    def run(steps):
        command = [sys.executable, "-S", "-E", "-c", program]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return run
