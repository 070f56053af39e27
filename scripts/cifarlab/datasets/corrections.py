"""A user's list of test images whose label is wrong: corrected, or struck where none is right.

A CSV file in UTF-8 with the columns of COLUMNS, others are not read. An empty corrected_label
strikes the image: it is left out.
"""

import csv

import numpy as np

from cifarlab.datasets.store import load_description, load_split
from engine.errors import UserError

COLUMNS = ("test_index", "given_label", "corrected_label")
STRUCK = -1


def read_corrections(path, labels, names):
    """The labels of a split, corrected, int64 [n_images]; STRUCK where an image is left out.

    path: of the list; labels: int [n_images], as the data has them; names: of the classes, by
    label. Raises UserError where the list is no such file, or does not fit the labels: then it was
    made for other images, or for the same in another order.
    """
    numbers = {name: label for label, name in enumerate(names)}
    corrected, others = np.array(labels, dtype=np.int64), []
    seen = {}
    for line, row in _rows(path):
        index = _index(path, line, row["test_index"], len(labels))
        if index in seen:
            raise UserError(
                f"{path}, line {line}: test image {index} is on line {seen[index]} too; "
                "leave one of them"
            )
        seen[index] = line
        given, new = (_label(path, line, row, column, numbers) for column in COLUMNS[1:])
        if given != labels[index]:
            others.append(
                f"line {line} says {row['given_label']} of test image {index}, "
                f"which is {names[labels[index]]}"
            )
        corrected[index] = new
    if others:
        raise UserError(
            f"{path} does not fit the test labels of this data: {others[0]}, and so on for "
            f"{len(others)} of {len(seen)} lines; use a list that was made for these images in "
            "this order"
        )
    return corrected


def load_corrections(path, test, classes):
    """What `read_corrections` gives for the test split of a data set, and its labels as they are.

    path: of the list; test, classes: paths of test.json and classes.json.
    """
    labels = load_split(test).labels
    return read_corrections(path, labels, load_description(classes)["fine_names"]), labels


def describe_corrections(corrected, labels):
    """What is kept of a list, a JSON object. Arguments as `read_corrections` has them."""
    is_struck = corrected == STRUCK
    return {
        "corrected": int(((corrected != labels) & ~is_struck).sum()),
        "struck": int(is_struck.sum()),
        "labels": corrected.tolist(),
    }


def _rows(path):
    """(line in the file, dict) of every line after the header."""
    try:
        # A spreadsheet may put a mark before the text.
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or ()
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"cannot read {path} ({error}); expected a CSV file in UTF-8 with the columns "
            f"{', '.join(COLUMNS)}"
        ) from error
    if missing := [column for column in COLUMNS if column not in names]:
        raise UserError(
            f"{path}: expected the columns {', '.join(COLUMNS)}, found no {', '.join(missing)}; "
            "add a first line that names them"
        )
    return rows


def _index(path, line, text, n_images):
    index = int(text) if text and text.isdecimal() else -1
    if not 0 <= index < n_images:
        raise UserError(
            f"{path}, line {line}: expected a test_index from 0 to {n_images - 1}, found {text!r}; "
            "images are counted from 0, in the order of the test split"
        )
    return index


def _label(path, line, row, column, numbers):
    """The number of the class that a cell names; STRUCK of an empty corrected_label."""
    text = (row[column] or "").strip()
    if not text and column == "corrected_label":
        return STRUCK
    if text not in numbers:
        raise UserError(
            f"{path}, line {line}: expected the name of a class as {column}, found {text!r}; "
            "classes.json has the names"
        )
    return numbers[text]
