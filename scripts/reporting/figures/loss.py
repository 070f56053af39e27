"""Training of one model: losses of each seed, learning rate, accuracy on the validation split."""

from reporting.figure import Figure
from reporting.messages import N_, Sentence

# Of one seed, and of all together: more seeds cover each other, and make the page larger.
ENVELOPE_BINS = 120
ALL_BINS = 300


def caption(_content, row):
    message = N_(
        "Line: moving average over 2 % of the steps. Band: smallest to largest loss in each of up "
        "to 120 bins."
    )
    validated = N_(
        "Dotted: the cross-entropy on the validation split after each epoch, which is another "
        "quantity than the training loss of a recipe with label smoothing or augmentations. Below: "
        "the learning rate, and the accuracy on the validation split."
    )
    unvalidated = N_("Below: the learning rate. This recipe holds out no validation split.")
    return [Sentence(message, {}), Sentence(validated if row.is_validated else unvalidated, {})]


def draw(runs):
    from cifarlab.comparison.results import RunFolder
    from reporting.curves import smoothed
    from reporting.plot import INK, drawing, legend_below, over_steps, style_of, svg_text

    runs = [*map(RunFolder, runs)]
    is_validated = runs[0].epochs["validation_accuracy_percent"].notna().any()
    heights = [2.7, 0.9, 1.7][: 3 if is_validated else 2]
    grid = {"nrows": len(heights), "sharex": True, "height_ratios": heights}
    with drawing(8.2, sum(heights) + 1.1, **grid) as (figure, (loss, rate, *validation), say):
        for number, run in enumerate(runs):
            losses = run.history["loss"].to_numpy()
            style = {**style_of(number), "markersize": 4.5}
            band = envelope(losses, len(runs))
            loss.fill_between(*band, color=style["color"], alpha=0.16, linewidth=0)
            label = say("seed %(seed)s", seed=run.seed)
            loss.plot(*smoothed(losses), **style, markevery=0.1, label=label)
            for axes in validation:
                ends = len(losses) * run.epochs["images_share"]
                loss.plot(ends, run.epochs["validation_loss"], **{**style, "linestyle": ":"})
                axes.plot(ends, run.epochs["validation_accuracy_percent"], **style)
        rate.plot(*rates_of(longest(runs)), color=INK)
        rate.set_ylim(bottom=0)
        rate.yaxis.set_major_formatter("{x:g}")
        loss.set_ylabel(
            say("training and validation loss") if is_validated else say("training loss")
        )
        rate.set_ylabel(say("learning rate"))
        for axes in validation:
            axes.set_ylabel(say("validation accuracy, %"))
        over_steps([loss, rate, *validation][-1], say)
        figure.align_ylabels()
        legend_below(figure, loss)
        return svg_text(figure, say, lines_of(runs))


COLUMNS = (
    *("smoothed_loss", "lowest_loss", "highest_loss", "learning_rate"),
    *("validation_loss", "validation_accuracy_percent"),
)


def lines_of(runs):
    """What is drawn of each run, lines of one table in which a step has what is known of it."""
    from reporting.curves import smoothed

    lines = []
    for run in runs:
        losses = run.history["loss"].to_numpy()
        middles, lows, highs = envelope(losses, len(runs))
        ends = (len(losses) * run.epochs["images_share"]).tolist()
        drawn = [("smoothed_loss", *smoothed(losses)), ("lowest_loss", middles, lows)]
        drawn += [("highest_loss", middles, highs)]
        if run is longest(runs):
            drawn += [("learning_rate", *rates_of(run))]
        drawn += [(name, ends, run.epochs[name]) for name in COLUMNS[-2:]]
        steps = {}
        for name, places, values in drawn:
            for place, value in zip(places, values, strict=True):
                steps.setdefault(float(place), dict.fromkeys(COLUMNS))[name] = value
        lines += [{"seed": run.seed, "step": step, **steps[step]} for step in sorted(steps)]
    return lines


def longest(runs):
    """The run whose learning rates are drawn: every seed has the same ones, as far as it went."""
    return max(runs, key=lambda run: len(run.history))


def rates_of(run):
    """(steps, learning rates) as they are drawn."""
    history = run.history
    changes = changing(history["learning_rate"].to_numpy())
    return history["step"].to_numpy()[changes], history["learning_rate"].to_numpy()[changes]


def envelope(losses, n_seeds):
    """Smallest and largest loss in each of up to 120 bins: (middle steps, lows, highs)."""
    import numpy as np

    n_bins = min(ENVELOPE_BINS, max(1, ALL_BINS // n_seeds), len(losses))
    stretches = np.array_split(np.asarray(losses), n_bins)
    ends = np.cumsum([len(stretch) for stretch in stretches])
    middles = ends - np.array([len(stretch) for stretch in stretches]) / 2 + 0.5
    return middles, [s.min() for s in stretches], [s.max() for s in stretches]


def changing(rates):
    """Indices of up to 120 of the learning rates, float [n_steps], and of all sudden changes."""
    import numpy as np

    n = len(rates)
    chosen = {*np.linspace(0, n - 1, min(n, ENVELOPE_BINS)).astype(int), 0, n - 1}
    bends = np.flatnonzero(np.abs(np.diff(rates, 2)) > 0.01 * rates.max()) + 1
    return sorted(chosen | {*bends})


FIGURE = Figure(
    per="row",
    category="6 Training of each model",
    title=N_("Training"),
    description=N_("Line charts: losses and learning rate of %(title)s over steps"),
    caption=caption,
    runs=("history.csv", "epochs.csv"),
    draw=draw,
)
