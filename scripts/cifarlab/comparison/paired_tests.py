"""Tests of two rows on the same test images: of the trained models, and of their recipes."""

import gc

import numpy as np
from scipy.stats import permutation_test
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

# The smallest two-sided p of so many pairs of seeds, 2 / 2^6, is below 0.05.
FEWEST_SEEDS = 6
# All sign flips of up to 16 seeds; of more, so many at random.
MOST_FLIPS = 2**16


def disagreements(first, second):
    """On how many images only one is right: int [n_seeds, 2], those of the first, of the second.

    first, second: bool [n_seeds, n_images], the same seeds and images.
    """
    return np.stack([(first & ~second).sum(axis=1), (second & ~first).sum(axis=1)], axis=1)


def mcnemar_p_values(counts):
    """McNemar's exact test of each pair of trained models: a p-value per seed.

    counts: as `disagreements` returns them. McNemar 1947, "Note on the sampling error of the
    difference between correlated proportions or percentages".
    """
    return [
        float(mcnemar([[0, only_first], [only_second, 0]], exact=True).pvalue)
        for only_first, only_second in counts.tolist()
    ]


def combined_p_value(p_values):
    """One p-value of the tests of several seeds, which share their images: twice their mean.

    Of no difference in any seed. It holds however the tests depend on each other, where Fisher's
    and Stouffer's ways need independent ones. Of one test it is its own. Vovk and Wang 2020,
    "Combining p-values via averaging".
    """
    if len(p_values) == 1:
        return p_values[0]
    return min(1.0, 2 * float(np.mean(p_values)))


def seeds_p_value(differences):
    """The exact sign-flip test of paired differences, one a seed, or None of fewer than six.

    Two-sided, of differences that are as likely of either sign. It is of recipes on these test
    images: what other images would change is not in it. Exact up to 16 seeds. Dwass 1957, "Modified
    randomization tests for nonparametric hypotheses".
    """
    if len(differences) < FEWEST_SEEDS:
        return None
    test = permutation_test(
        (np.asarray(differences, dtype=float),),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=MOST_FLIPS,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def holm(p_values):
    """Each p-value corrected for their number; a missing one, None, stays missing and counts not.

    Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    known = [p for p in p_values if p is not None]
    if len(known) < 2:
        return p_values
    # multipletests collects garbage, which takes half a second where much is loaded; what is there
    # already is not looked through.
    gc.freeze()
    corrected = iter(multipletests(known, method="holm")[1].tolist())
    gc.unfreeze()
    return [None if p is None else next(corrected) for p in p_values]
