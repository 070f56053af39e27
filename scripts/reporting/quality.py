"""What the report knows of the data's own faults, read from files under results/."""

from dataclasses import dataclass

from cifarlab.comparison.results import read_table
from engine.files import read_json


@dataclass(frozen=True)
class DataQuality:
    """duplicates: duplicates.json, a dict; doubts: lines of doubtful_labels.csv; corrections:
    corrected_labels.json, a dict, or None where no list was given."""

    duplicates: dict
    doubts: list[dict]
    corrections: dict | None = None


def read_quality(results):
    """The DataQuality of Results."""
    doubts = read_table(
        results.table("doubtful_labels"), ["test_index", "given_label", "predicted_label"]
    )
    return DataQuality(
        duplicates=read_json(results.duplicates),
        doubts=doubts.to_dict("records"),
        corrections=read_json(results.corrections) if results.corrections else None,
    )
