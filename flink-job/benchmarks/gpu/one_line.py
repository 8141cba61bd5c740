"""A JSON file on one line: ``python one_line.py STEP FILE``."""

import json
import sys
from pathlib import Path

step, file = sys.argv[1:]
print(json.dumps({"part": "java", "step": step} | json.loads(Path(file).read_text(encoding="utf-8"))))
