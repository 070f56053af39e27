"""A user's helper."""

import json
from pathlib import Path

ADDED = 1
SCALE = json.loads(Path(__file__).with_name("scale.json").read_text())["scale"]
