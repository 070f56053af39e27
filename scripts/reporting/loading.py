"""The lines of Python that load the weights of a run."""

import json

LINES = """\
# In the folder of the project, with its packages.
import json
import sys

sys.path.insert(0, "scripts")
from cifarlab.models.build import build_model
from cifarlab.models.families import ModelSettings
from cifarlab.models.weights import load_into, read_metadata
from engine.settings import settings_from_json

run = {first}{others}
with open(f"{{run}}/training.json", encoding="utf-8") as file:
    settings = settings_from_json(ModelSettings, json.dumps(json.load(file)["model"]))
model = build_model(settings, {n_classes})
load_into(model, f"{{run}}/weights.safetensors")
model.eval()
# Size of the images, mean and deviation of their channels.
inputs = read_metadata(f"{{run}}/weights.safetensors")["inputs"]
"""


def loading_lines(content, row):
    """Python that loads the first run of a Row, and names the others."""
    folder = f"results/{content.dataset_name}/runs/{row.model}/{row.recipe}"
    others = ", ".join(f"seed-{run.seed}" for run in row.runs[1:])
    return LINES.format(
        # With the quotes of the other lines, whatever is in the names.
        first=json.dumps(f"{folder}/seed-{row.runs[0].seed}", ensure_ascii=False),
        others=f"  # or {others}" if others else "",
        n_classes=len(content.manifest["fine_names"]),
    )
