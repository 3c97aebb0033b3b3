"""Results of the interpreter's own module, kept so that only the replacement must be run."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from pathlib import Path

from .records import ModuleResult

HERE = Path(__file__).resolve().parent


class StockCache:
    """Results by module, below a folder named after everything that they depend on."""

    def __init__(self, folder, interpreter, isolated):
        digest = hashlib.sha256()
        for source in sorted((HERE.parent / "inside").rglob("*.py")):
            digest.update(source.read_bytes())
        digest.update(repr([platform.release(), isolated, os.geteuid() == 0]).encode())
        self._folder = folder / f"{interpreter.key}-{digest.hexdigest()[:12]}"

    def _file(self, task):
        parts = repr([task.patterns, task.resources])
        return self._folder / f"{task.module}-{hashlib.sha256(parts.encode()).hexdigest()[:8]}.json"

    def get(self, task):
        """What is known of the task, or None."""
        try:
            text = self._file(task).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return ModuleResult.from_json(json.loads(text))

    def put(self, task, result):
        file = self._file(task)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Moved into place when complete: another run may be reading.
        scratch = file.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(result.to_json()), encoding="utf-8")
        scratch.replace(file)
