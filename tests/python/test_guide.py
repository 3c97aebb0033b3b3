"""Every program of the guide runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "python.md"


def programs():
    text = GUIDE.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        heading = re.findall(r"^#+ (.*)$", text[: match.start()], re.MULTILINE)[-1]
        line = text.count("\n", 0, match.start(1)) + 1
        yield pytest.param(match[1], id=f"{heading}, line {line}")


@pytest.mark.parametrize("program", list(programs()))
def test_program(program, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_there_are_programs():
    assert len(list(programs())) >= 4
