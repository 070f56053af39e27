"""The weights that a run ends with: those of the last step, of the best epoch, or an average."""

import copy

import torch

from cifarlab.training.averaging import in_model, put_into_model, training_batches
from cifarlab.training.early_stopping import epoch_of_weights


class RunWeights:
    """Validates what would be the weights of a run, and leaves them in its model at the end.

    model: nn.Module; stepper: the Stepper that trains it; index: int64 [n], the images that it is
    trained on.
    """

    def __init__(self, model, stepper, index):
        self.model, self.average = model, stepper.average
        self.early_stopping = stepper.recipe.early_stopping
        # The micro-batch is the stepper's, which may have found that less memory is there.
        self.batches = lambda: training_batches(stepper.images, index, stepper.micro_batch)
        # Of the best epoch, by name, where they become the run's.
        self.best = None

    def validate(self, validation, epochs, epoch):
        """`epoch` with what was measured after it; keeps the weights where it is the best.

        validation: Validation; epochs: those before, dicts; epoch: what else is known of it.
        """
        if not validation.n_images:
            return {**epoch, **validation.measure(self.model)}
        with in_model(self.average, self.model, self.batches()):
            measured = {**epoch, **validation.measure(self.model)}
            if self.early_stopping and self.early_stopping.restore_best:
                self._keep([*epochs, measured])
        return measured

    def _keep(self, epochs):
        if self.early_stopping.best_epoch(epochs) == len(epochs):
            # In the host's memory: a GPU's may not suffice for both. What torch gives has the
            # versions of the modules too, by which some of them read it.
            self.best = self.model.state_dict()
            for name, value in self.best.items():
                self.best[name] = _copied(value)

    def finish(self, epochs):
        """Put the run's weights into the model. epochs: all, dicts."""
        if self.best is not None and epoch_of_weights(self.early_stopping, epochs) < len(epochs):
            self.model.load_state_dict(self.best)
        elif self.average is not None and self.average.weights is not None:
            put_into_model(self.average, self.model, self.batches())

    def state(self):
        """What `resume` needs."""
        return {"best": self.best}

    def resume(self, state):
        """Continue where `state` was taken."""
        self.best = state["best"]


def _copied(value):
    """A copy of a value of a state_dict(), which may also be a model's own extra state."""
    return value.detach().to("cpu", copy=True) if torch.is_tensor(value) else copy.deepcopy(value)
