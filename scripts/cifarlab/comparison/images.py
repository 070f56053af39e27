"""Every test image over all runs: how many are right about it, and how far they disagree."""

import numpy as np
import pandas as pd

from cifarlab.evaluation.logits import load_predictions
from engine.errors import UserError

COLUMNS = (
    *("image", "true_class", "runs", "right_runs", "most_frequent_class", "most_frequent_runs"),
    *("disagreement_percent", "mean_confidence_percent"),
)
DOUBTFUL_COLUMNS = [
    *("test_index", "given_label", "predicted_label", "runs", "mean_confidence_percent"),
]
# One run alone agrees with itself, and all its mistakes would be doubts.
FEWEST_RUNS = 2


def tabulate_images(runs, class_names):
    """What all runs took every test image for, a row per image, in the order of the test split.

    runs: list of RunFolder, of which one prediction at a time is read; class_names: by label.
    Returns a DataFrame: image: its number, from 0; true_class; runs: how many there are;
    right_runs: of these, those that predict the true class; most_frequent_class,
    most_frequent_runs: what most runs predict, the first of several classes, and how many do;
    disagreement_percent: of all pairs of runs, those that predict different classes, empty for one
    run; mean_confidence_percent: probability of the predicted class, the mean over the runs. Raises
    UserError where the test images of runs are not the same.
    """
    if not runs:
        return pd.DataFrame(columns=COLUMNS)
    labels, votes, confidences = None, None, 0.0
    for run in runs:
        path = run.path / "predictions.npz"
        logits, own_labels = load_predictions(path)
        if labels is None:
            labels, places = own_labels, np.arange(len(own_labels))
            votes = np.zeros((len(labels), len(class_names)), dtype=np.int32)
        if not np.array_equal(labels, own_labels) or logits.shape != votes.shape:
            raise UserError(
                f"expected the same test images in all runs, found others in {path}; evaluate again"
            )
        votes[places, logits.argmax(axis=1)] += 1
        confidences += 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    n_runs, names = len(runs), np.array(class_names, dtype=object)
    alike = (votes * (votes - 1)).sum(axis=1)
    disagreement = 100 * (1 - alike / (n_runs * (n_runs - 1))) if n_runs > 1 else None
    table = {
        "image": places,
        "true_class": names[labels],
        "runs": n_runs,
        "right_runs": votes[places, labels],
        "most_frequent_class": names[votes.argmax(axis=1)],
        "most_frequent_runs": votes.max(axis=1),
        "disagreement_percent": disagreement,
        "mean_confidence_percent": 100 * confidences.astype(np.float64) / n_runs,
    }
    return pd.DataFrame(table, columns=COLUMNS)


def doubtful_labels(images):
    """The test images that every run takes for the same other class, the surest first.

    images: as `tabulate_images` gives it. Returns a DataFrame: test_index, given_label,
    predicted_label, runs, mean_confidence_percent; no row where there are fewer than two runs. That
    runs agree is no proof: they learned from the same images.
    """
    is_doubtful = (images["right_runs"] == 0) & (images["most_frequent_runs"] == images["runs"])
    doubtful = images[is_doubtful & (images["runs"] >= FEWEST_RUNS)]
    doubtful = doubtful.sort_values("mean_confidence_percent", ascending=False, kind="stable")
    names = {
        "image": "test_index",
        "true_class": "given_label",
        "most_frequent_class": "predicted_label",
    }
    return doubtful.rename(columns=names)[DOUBTFUL_COLUMNS]
