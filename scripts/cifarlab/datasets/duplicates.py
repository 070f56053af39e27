"""Test images that are nearly the same as training images, found by their pixels.

Two images are compared in two ways, each a correlation. Their layout: the colours of 8 × 8 cells,
decorrelated, so that two skies are not alike only because all skies are blue at the top. Their
details: what a blur takes from the grey image, strong edges weighed little more than weak ones, so
that two horizons are not alike only because each is a line. The distance of a pair is one minus the
mean of both: 0 where the images are the same but for brightness and contrast, and about 1 where
they have nothing in common. The test image is moved by up to four pixels, and mirrored, to where
they agree best.

A photograph of a sea is near to many others, and a duplicate of none. So the distance is set beside
that of the tenth nearest training image, as in Lowe 2004, section 7.1: the ratio of both is near to
1 where nothing is special about a pair. A pair with a small ratio is a duplicate.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

# Pixels: images are brought to this side, and their middle is compared with every place in the
# other, so that it may be moved.
SIDE, MIDDLE = 32, 24
MOST_MOVED = (SIDE - MIDDLE) // 2
# Where the layouts of all pairs are compared, pixels from the middle; a cell has 3 × 3 pixels.
MOVED, CELL = (-3, 0, 3), 3
# About the 50th largest variance of the layouts of CIFAR-100: what varies less is not enlarged.
LEAST_VARIANCE = 2.8e-3
# Pairs whose layouts correlate less are not looked at any further.
LEAST_LAYOUT = 0.55
# Grey levels, of 255, that count half as much as the strongest edge.
HALF_DETAIL = 8
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# The distance of a test image's tenth nearest, where fewer are near: at most this.
NEIGHBOURS, FARTHEST = 10, 0.55
# Ratio up to which a pair counts; docs/data-quality.md says what was seen around it.
THRESHOLD = 0.6
# duplicates.json counts the test images that have a pair up to each of these ratios.
RATIOS = (0.2, 0.3, 0.4, 0.5, THRESHOLD, 0.7, 0.8)
# Root mean square of the difference, of 255, up to which two images in place are the same ones.
SAME_PIXELS = 10
KINDS = ("identical", "exact", "near")
# At once: what is computed of them fits the memory.
TEST_IMAGES, PAIRS = 1000, 500


@dataclass(frozen=True)
class Pairs:
    """Pairs of images, by test image, the nearest first.

    test, train: places in their splits, int64 [n]; distances, ratios: float64 [n]; kinds: identical
    (the same bytes), exact (nearly the same pixels, in place) or near.
    """

    test: np.ndarray
    train: np.ndarray
    distances: np.ndarray
    ratios: np.ndarray
    kinds: list[str]


def find_duplicates(train, test):
    """The Pairs whose ratio is at most the last one of RATIOS.

    train, test: uint8 [n, height, width, 3], the images of both splits. The same images give the
    same pairs, up to rounding in the products of matrices, whose order depends on the threads.
    """
    train_pixels, test_pixels = _resized(train), _resized(test)
    places, layouts = _alike_in_layout(train_pixels, test_pixels)
    details = _agreement_of_details(train_pixels, test_pixels, places)
    near = {}
    for (i, j, _), distance in zip(places.tolist(), 1 - (layouts + details) / 2, strict=True):
        # Once, mirrored or not, as is nearer.
        distances = near.setdefault(i, {})
        distances[j] = min(round(float(distance), 4), distances.get(j, np.inf))
    same = _same_bytes(train, test)
    for i, j in same:
        near.setdefault(i, {})[j] = 0.0
    rows = []
    for i, distances in sorted(near.items()):
        nearest = sorted(distances.items(), key=lambda item: (item[1], item[0]))
        usual = min([FARTHEST, *(distance for _, distance in nearest[NEIGHBOURS - 1 : NEIGHBOURS])])
        rows += [
            (i, j, distance, round(distance / usual, 4) if distance else 0.0)
            for j, distance in nearest
            if distance <= RATIOS[-1] * usual
        ]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    i, j, distances, ratios = map(np.array, columns)
    kinds = [
        "identical" if pair in same else _kind(train, test, pair)
        for pair in zip(i.tolist(), j.tolist(), strict=True)
    ]
    return Pairs(i.astype(np.int64), j.astype(np.int64), distances, ratios, kinds)


def summary(pairs, train, test):
    """What is known of Pairs that `find_duplicates` gave, a JSON object.

    train, test: Splits. by_ratio: (ratio, how many test images have a pair up to it); what else is
    counted is of test images, by their nearest pair.
    """
    _, first = np.unique(pairs.test, return_index=True)
    counted = first[pairs.ratios[first] <= THRESHOLD]
    kinds = [pairs.kinds[place] for place in counted]
    labels = test.labels[pairs.test[counted]], train.labels[pairs.train[counted]]
    return {
        "test_images": len(test.labels),
        "train_images": len(train.labels),
        "threshold": THRESHOLD,
        "with_duplicates": len(counted),
        "by_kind": {kind: kinds.count(kind) for kind in KINDS},
        "other_label": int((labels[0] != labels[1]).sum()),
        "by_ratio": [[ratio, int((pairs.ratios[first] <= ratio).sum())] for ratio in RATIOS],
    }


def duplicate_rows(pairs, train, test, names):
    """The Pairs that count as rows of duplicates.csv, dicts.

    train, test: Splits; names: of the classes, by label.
    """
    return [
        {
            "test_index": int(i),
            "train_index": int(j),
            "distance": float(pairs.distances[place]),
            "ratio": float(pairs.ratios[place]),
            "kind": pairs.kinds[place],
            "test_label": names[test.labels[i]],
            "train_label": names[train.labels[j]],
        }
        for place, (i, j) in enumerate(zip(pairs.test, pairs.train, strict=True))
        if pairs.ratios[place] <= THRESHOLD
    ]


def _resized(images):
    """The images with SIDE pixels on each side, by the nearest pixel where they have others."""
    rows, columns = (np.arange(SIDE) * side // SIDE for side in images.shape[1:3])
    return images[:, rows][:, :, columns]


def _mirrored(images):
    return images[:, :, ::-1]


def _part(images, down, right):
    """MIDDLE × MIDDLE pixels of each image, moved from its middle."""
    top, left = MOST_MOVED + down, MOST_MOVED + right
    return images[:, top : top + MIDDLE, left : left + MIDDLE]


def _colours(parts):
    """The colours of the cells of parts, less brightness and contrast, float32 [n, 192]."""
    n, cells = len(parts), MIDDLE // CELL
    blocks = parts.reshape(n, cells, CELL, cells, CELL, 3).astype(np.float32)
    colours = blocks.mean(axis=(2, 4)).reshape(n, cells**2, 3)
    return _unit((colours - colours.mean(axis=1, keepdims=True)).reshape(n, -1))


def _unit(vectors):
    """Vectors of length 1; those of nearly no length, which mean nothing, stay short."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-3)


def _alike_in_layout(train, test):
    """Pairs whose layouts are alike: (int64 [n, 3]: test, train, mirrored; correlation [n])."""
    colours = _colours(_part(train, 0, 0))
    variances, axes = np.linalg.eigh(colours.T.astype(np.float64) @ colours / len(colours))
    decorrelate = (axes / np.sqrt(np.maximum(variances, 0) + LEAST_VARIANCE)).astype(np.float32)
    known = _unit(colours @ decorrelate).T.copy()
    found = []
    for is_mirrored, down, right in product((0, 1), MOVED, MOVED):
        moved = _part(_mirrored(test) if is_mirrored else test, down, right)
        layouts = _unit(_colours(moved) @ decorrelate)
        for start in range(0, len(test), TEST_IMAGES):
            alike = layouts[start : start + TEST_IMAGES] @ known
            i, j = np.nonzero(alike > LEAST_LAYOUT)
            keys = ((start + i) * len(train) + j) * 2 + is_mirrored
            found.append((keys, alike[i, j]))
    keys, alike = (np.concatenate(parts) for parts in zip(*found, strict=True))
    # Of the same pair in several places, that where it agrees best.
    order = np.lexsort((-alike, keys))
    keys, first = np.unique(keys[order], return_index=True)
    pair, is_mirrored = np.divmod(keys, 2)
    return np.stack([*np.divmod(pair, len(train)), is_mirrored], axis=1), alike[order][first]


def _details(images):
    """What a blur of one pixel takes from grey images, in (-1, 1), float32 [n, SIDE, SIDE]."""
    grey = images @ LUMINANCE
    reach = np.arange(-4, 5)
    weights = np.exp(-(reach**2) / 2).astype(np.float32)
    weights /= weights.sum()
    blurred = grey
    for axis in (1, 2):
        margins = [(4, 4) if number == axis else (0, 0) for number in range(3)]
        padded = np.pad(blurred, margins, mode="edge")
        blurred = sum(
            weight * padded.take(range(start, start + SIDE), axis)
            for start, weight in enumerate(weights)
        )
    details = grey - blurred
    return details / (abs(details) + HALF_DETAIL)


def _agreement_of_details(train, test, places):
    """The correlation of the details of each pair, float32 [n], moved to where it is highest.

    places: int64 [n, 3]: test, train, mirrored.
    """
    of_train, of_test = _details(train), _details(test)
    result = np.zeros(len(places), dtype=np.float32)
    for start in range(0, len(places), PAIRS):
        i, j, is_mirrored = places[start : start + PAIRS].T
        moving = of_test[i]
        moving[is_mirrored == 1] = _mirrored(moving[is_mirrored == 1])
        windows = np.lib.stride_tricks.sliding_window_view(moving, (MIDDLE, MIDDLE), axis=(1, 2))
        fixed = _part(of_train[j], 0, 0)
        products = np.einsum("nyxab,nab->nyx", windows, fixed)
        lengths = np.einsum("nyxab,nyxab->nyx", windows, windows)
        lengths *= np.einsum("nab,nab->n", fixed, fixed)[:, None, None]
        agreement = products / np.sqrt(np.maximum(lengths, 1e-6))
        result[start : start + PAIRS] = agreement.max(axis=(1, 2))
    return result


def _same_bytes(train, test):
    """The set of (test, train) with the same bytes, mirrored ones not."""
    places = {}
    for j, image in enumerate(train):
        places.setdefault(image.tobytes(), []).append(j)
    return {(i, j) for i, image in enumerate(test) for j in places.get(image.tobytes(), ())}


def _kind(train, test, pair):
    """exact or near, of a pair without the same bytes."""
    difference = test[pair[0]].astype(np.float64) - train[pair[1]]
    return "exact" if np.sqrt(np.mean(difference**2)) <= SAME_PIXELS else "near"
