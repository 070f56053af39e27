"""What comes out of a training beside its weights, and its end where the loss is not finite."""

from dataclasses import dataclass

from engine.errors import UserError


@dataclass(frozen=True)
class History:
    """What happened, step by step and epoch by epoch.

    losses, learning_rates: float [n_steps], the mean loss of a step's batch before its update;
    epochs: one dict per epoch; ended_by: the key of the recipe that ended it: epochs, max_steps or
    early_stopping; best_epoch: of early stopping, counted from 1, or None; weights_epoch: the one
    whose end gave the run's weights; images_seen: by all steps together; validation_images: those
    held out; train_seconds: time in the
    loop alone, without loading or saving; micro_batch: images computed at once, at the end; parts:
    the steps and seconds of each process that took part, one where it was never resumed.
    """

    losses: list[float]
    learning_rates: list[float]
    epochs: list[dict]
    ended_by: str
    best_epoch: int | None
    weights_epoch: int
    images_seen: int
    validation_images: int
    train_seconds: float
    micro_batch: int
    parts: list[dict]

    def of_weights(self):
        """What was measured of the run's weights, a dict; None without images to validate on."""
        epoch = self.epochs[self.weights_epoch - 1]
        return {name: epoch[name] for name in ("validation_loss", "validation_accuracy_percent")}

    def steps(self):
        """A row for every step, dicts: step, counted from 1, loss and learning_rate."""
        steps = enumerate(zip(self.losses, self.learning_rates, strict=True), start=1)
        return [{"step": step, "loss": loss, "learning_rate": rate} for step, (loss, rate) in steps]


class Diverged(UserError):
    """The loss is no longer finite. `facts`: step, learning_rate, loss and last_finite_loss."""

    def __init__(self, step, learning_rate, loss, last_finite_loss):
        self.facts = {
            "step": step,
            "learning_rate": learning_rate,
            "loss": str(loss),
            "last_finite_loss": last_finite_loss,
        }
        before = "there was no finite one"
        if last_finite_loss is not None:
            before = f"the last finite one was {last_finite_loss:.4f}"
        super().__init__(
            f"the loss became {loss} at step {step} with learning rate {learning_rate}, {before}; "
            "lower the recipe's learning rate"
        )
