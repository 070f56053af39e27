"""What the published text claims, each claim with a verdict."""

import pandas as pd

from cifarlab.comparison.claim_kinds import (
    AboutAsAccurate,
    FewerParameters,
    MoreAccurate,
    ParameterRatio,
    ParametersSaved,
    PeakMemory,
)

# The text that claims them, as the published table names it.
SOURCE = "AngFff: CIFAR100 多模型训练结果及分析"
# By name, in the order of the file. What each says in words is in reporting.claim_words.
CLAIMS = {
    "third_block_saves_parameters": ParametersSaved(("cnn_2", "cnn_3"), 51_008),
    "third_block_gains_accuracy": MoreAccurate(("cnn_2", "cnn_3"), 4.39),
    "five_blocks_multiply_parameters": ParameterRatio(("cnn_3", "cnn_5"), 6.64),
    "five_blocks_gain_almost_nothing": AboutAsAccurate(("cnn_3", "cnn_5")),
    "resnet101_more_accurate_than_vgg19": MoreAccurate(("vgg19", "resnet101")),
    "resnet101_fewer_parameters_than_vgg19": FewerParameters(("vgg19", "resnet101")),
    "vit_about_as_accurate_as_swin": AboutAsAccurate(("swin_b", "vit_b_32")),
    "vit_about_as_accurate_as_resnet101": AboutAsAccurate(("resnet101", "vit_b_32")),
    "swin_about_as_accurate_as_resnet101": AboutAsAccurate(("resnet101", "swin_b")),
    "memory_of_swin_training": PeakMemory(("swin_b",), 15, "train_step_peak_mb"),
    "memory_of_swin_testing": PeakMemory(("swin_b",), 30, "test_batch_peak_mb"),
}
CLAIM_COLUMNS = [
    *("claim", "training", "recipe", "models", "claimed", "measured", "low", "high", "unit"),
    *("seeds", "test", "margin", "verdict", "missing", "missing_of", "evidence", "source"),
]


def tabulate_claims(measured):
    """A row per claim and recipe that it can be asked of, a DataFrame with CLAIM_COLUMNS.

    measured: Measured. Claims of which the published table does not have the models, by their
    source, are left out, and those on accuracies on synthetic images. training: published, for
    which the claim is judged, or another, for which the row only says which model is more accurate.
    verdict: holds; holds_in_direction, not by the amount that is claimed; open, the interval
    leaves it so; fails; not_run and not_measured, and missing and missing_of say what and of which
    models; of another training more_accurate, less_accurate or open. low and high: the 95 %
    interval of a difference, of one claim by itself; where missing says seeds, it is of the test
    images alone. evidence: files below results/<dataset>/. Texts with several parts have a
    semicolon and a space between them.
    """
    known = measured.published.index[measured.published["source"] == SOURCE]
    rows = [
        {"claim": name, "source": SOURCE, **answer}
        for name, claim in CLAIMS.items()
        if {*claim.models} <= {*known}
        for answer in claim.answers(measured)
    ]
    for row in rows:
        row |= {key: "; ".join(row.get(key, ())) for key in ("models", "missing_of", "evidence")}
    # A count stays one beside a ratio, and beside what is missing.
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS, dtype=object)
