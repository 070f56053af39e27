"""The arguments that the commands of a row have in common, and the code that follows from them."""

from pathlib import Path

from cifarlab.devices import DEVICES
from cifarlab.models.families import ModelSettings
from cifarlab.training.recipes import Recipe
from engine.settings import settings_from_json


def add_row_arguments(parser):
    """Add what says which row is meant, and where it is computed. parser: ArgumentParser."""
    add = parser.add_argument
    add("--dataset", type=Path, required=True, help="train.json of the data set")
    add("--model", required=True, help="settings of the model, as JSON")
    add("--recipe", required=True, help="settings of the recipe, as JSON")
    add("--initial-weights", type=Path, nargs="?", help=".safetensors file of the stage weights")
    add("--versions", default="{}", help="JSON object, the locked versions, for the record")
    add("--device", choices=DEVICES, default="auto")
    add("--threads", type=int, default=1, help="of the CPU (default: %(default)s)")


def row_settings(arguments):
    """(ModelSettings, Recipe) of these arguments. Raises UserError where they are not valid."""
    model = settings_from_json(ModelSettings, arguments.model)
    return model, settings_from_json(Recipe, arguments.recipe)


def row_code(arguments):
    """Paths of the Python files that the model and the parts of the recipe are built from."""
    return [path for settings in row_settings(arguments) for path in settings.code_files]
