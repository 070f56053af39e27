"""Accuracy against what it costs."""


def pareto(costs, accuracies):
    """Places of those that no other beats: none is as accurate for less, or more so for as much.

    costs, accuracies: sequences of numbers of one length. Returns places in order of rising cost,
    and so of rising accuracy; of equal ones, the first.
    """
    costs, accuracies = [*costs], [*accuracies]
    best, highest = [], float("-inf")
    for place in sorted(range(len(costs)), key=lambda i: (costs[i], -accuracies[i])):
        if accuracies[place] > highest:
            best.append(place)
            highest = accuracies[place]
    return best
