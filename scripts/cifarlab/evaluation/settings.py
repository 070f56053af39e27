"""What a configuration may say of evaluation."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from cifarlab.evaluation.corruptions import CORRUPTIONS
from engine.files import local_path
from engine.settings import Settings


def _each_once(values):
    if twice := [value for value in dict.fromkeys(values) if values.count(value) > 1]:
        words = f"should name each once, found {', '.join(twice)} again"
        raise PydanticCustomError("each_once", "{words}", {"words": words})
    return values


class EvaluationSettings(Settings):
    """What is measured on the test split beside what always is."""

    flips: bool = False
    """Also the accuracy of the mean logits of each image and its mirror image: a column of its own,
    beside the accuracy of the images as they are."""

    label_corrections: Annotated[str, Field(min_length=1)] | None = None
    """CSV file of test images whose label is wrong, with the columns `test_index`, `given_label`
    and `corrected_label`: also the accuracy by the corrected labels. Where `corrected_label` is
    empty, the image is left out of it."""

    corruptions: Annotated[list[Literal[tuple(CORRUPTIONS)]], AfterValidator(_each_once)] = Field(
        default_factory=list
    )
    """Also the accuracy on test images that are corrupted in these ways, at five severities."""

    @property
    def label_corrections_file(self):
        """The Path of the corrected labels, or None."""
        name = self.label_corrections
        return None if name is None else local_path(name) or Path(name)
