"""Recipes: everything about training that is not the model."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from cifarlab.training.augmentations import AUGMENTATIONS
from cifarlab.training.averages import AVERAGES
from cifarlab.training.early_stopping import EarlyStopping
from cifarlab.training.losses import LOSSES
from cifarlab.training.optimizers import OPTIMIZERS
from cifarlab.training.parts import (
    AugmentationSettings,
    AveragingSettings,
    InOneStep,
    LossSettings,
    OneOf,
    OptimizerSettings,
    Part,
    ScheduleSettings,
    contradiction,
    in_one_step,
    left_out_at,
    marked_values,
)
from cifarlab.training.schedules import SCHEDULES
from engine.files import read_json
from engine.settings import Count, PositiveNumber, Settings, Share

CONSTANT = SCHEDULES["constant"].Settings(name="constant")
CROSS_ENTROPY = LOSSES["cross_entropy"].Settings(name="cross_entropy")


class Recipe(Settings):
    """How a model is trained."""

    # A key without InOneStep has a bearing on what one step takes.
    epochs: Annotated[Count, InOneStep(1)]
    """Passes over the training split; with early stopping, at most."""

    batch_size: Count
    """Images per step; the last step of an epoch takes what is left."""

    optimizer: Annotated[OptimizerSettings, OneOf(OPTIMIZERS)]
    """How the weights follow from the gradients."""

    schedule: Annotated[ScheduleSettings, OneOf(SCHEDULES), InOneStep(CONSTANT)] = CONSTANT
    """Course of the learning rate after the warm-up."""

    warm_up: Annotated[Share, InOneStep(0.0)] = 0.0
    """Share of all steps over which the learning rate rises linearly from zero."""

    loss: Annotated[LossSettings, OneOf(LOSSES)] = CROSS_ENTROPY
    """What is minimised."""

    augmentations: Annotated[
        list[Annotated[AugmentationSettings, OneOf(AUGMENTATIONS)]], left_out_at([])
    ] = Field(default_factory=list)
    """What is done to the images of a training batch, in this order; mixing comes last."""

    clip_norm: Annotated[PositiveNumber | None, InOneStep(1.0), left_out_at(None)] = None
    """Length, the Euclidean norm, to which a longer gradient of a batch is shortened; `null` leaves
    all as they are."""

    validation: Annotated[Share, InOneStep(0.0)] = 0.0
    """Share of every class of the training split that is held out of training; cross-entropy and
    accuracy on it are measured after every epoch. The same images for every model and seed."""

    early_stopping: Annotated[EarlyStopping | None, InOneStep(None), left_out_at(None)] = None
    """End after an epoch when validation has not become better for a while. Needs `validation`. The
    schedule is that of all `epochs`. `null`: never."""

    averaging: Annotated[
        Annotated[AveragingSettings, OneOf(AVERAGES)] | None, left_out_at(None)
    ] = None
    """An average of the weights: it is validated, and is the run's weights at the end. Before both,
    the statistics of batch normalisation are computed again, from the training images as a test
    would see them. `null`: the weights as they are."""

    micro_batch: Count | Literal["auto"] | None = None
    """Images that are computed at once: a batch is split and its gradient summed. `auto` starts
    with all of a batch and halves it when the memory does not suffice; `null` takes all of it."""

    precision: Literal["fp32", "tf32", "torch_default", "bf16", "fp16"] = "fp32"
    """Number format of the computation. `fp32`, `tf32` and `torch_default` differ on a GPU alone:
    factors are float32, or rounded to TF32, or, as torch does by itself, rounded in convolutions
    and not in matrix products. `bf16` and `fp16` compute by autocast, `fp16` with a gradient
    scaler; weights stay float32."""

    channels_last: bool | Literal["auto"] = "auto"
    """Memory format of images and convolutions. `auto` uses it, except on a CUDA device where it
    gains nothing: in true float32, and in a model whose only convolution is a patch embedding. A
    model that cannot run in it is found by its rehearsal and trained without it."""

    auxiliary_weight: Annotated[float, Field(ge=0)] = 0.3
    """Weight of the loss of each auxiliary classifier, for a model that gives their logits in
    training; 0 leaves them out. The default is GoogLeNet's, Szegedy 2015."""

    deterministic: bool = False
    """On a GPU, algorithms that give the same bits again; slower, and some models have none. A CPU
    gives the same bits without it."""

    compile: bool = False
    """Compile the model with `torch.compile`, anew for each size of a batch; on a CPU that needs a
    C++ compiler."""

    cuda_graphs: bool = False
    """On a CUDA device, record the forward and the backward pass of a batch once, and replay them:
    for small networks, whose kernels take less time than their launches. The same numbers; a batch
    of another size is computed as usual, and so is all where the memory does not suffice. The
    model's own Python code runs in the first step alone. Not together with `compile`, with
    `freeze_backbone_epochs`, or with a `micro_batch` below the batch size."""

    max_steps: Annotated[Count | None, InOneStep(None)] = None
    """End after so many steps, for a trial."""

    @field_validator("cuda_graphs")
    @classmethod
    def _alone(cls, value, others):
        """Refuse CUDA graphs where nothing would be recorded, or something compiled."""
        chosen = others.data
        micro_batch, batch_size = chosen.get("micro_batch"), chosen.get("batch_size")
        splits = isinstance(micro_batch, int) and batch_size and micro_batch < batch_size
        for name, excludes in {
            "compile: true": chosen.get("compile"),
            "micro_batch": splits,
            # What is recorded keeps the backbone frozen.
            "freeze_backbone_epochs": getattr(
                chosen.get("optimizer"), "freeze_backbone_epochs", None
            ),
        }.items():
            if value and excludes:
                raise contradiction(f"should be false together with {name}")
        return value

    @field_validator("warm_up")
    @classmethod
    def _is_the_only_rise(cls, warm_up, others):
        schedule = others.data.get("schedule")
        if warm_up and schedule and schedule.rises:
            raise contradiction(
                f"the schedule {schedule.name} begins with a rise of its own; leave warm_up out"
            )
        return warm_up

    @field_validator("augmentations")
    @classmethod
    def _fit(cls, augmentations, others):
        """Refuse two of a name, and mixing where the loss takes no mixed labels."""
        names = [one.name for one in augmentations]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise contradiction(f"should have {doubled} once")
        mixing = [one.name for one in augmentations if one.mixes]
        if len(mixing) > 1:
            raise contradiction(f"should mix images in one way, found {' and '.join(mixing)}")
        loss = others.data.get("loss")
        if mixing and loss and not loss.takes_soft_targets:
            raise contradiction(f"should not have {mixing[0]}: {loss.name} takes no mixed labels")
        return augmentations

    @field_validator("early_stopping")
    @classmethod
    def _is_validated(cls, early_stopping, others):
        if early_stopping and others.data.get("validation") == 0:
            raise contradiction("needs images to validate on; set validation, for example to 0.1")
        return early_stopping

    @field_validator("averaging")
    @classmethod
    def _knows_the_last_epochs(cls, averaging, others):
        n_last = averaging.n_last_epochs if averaging else 0
        if n_last and others.data.get("early_stopping"):
            raise contradiction(
                f"{averaging.name} needs to know the last epoch, and early stopping finds it when "
                "it has come; take one of them out, or choose ema"
            )
        if n_last > (epochs := others.data.get("epochs", n_last)):
            raise contradiction(
                f"should be of at most as many epochs as the training has, {epochs}"
            )
        return averaging

    @property
    def images_at_once(self):
        """Images that are computed at once in testing, and in training at first."""
        if isinstance(self.micro_batch, int):
            return min(self.micro_batch, self.batch_size)
        return self.batch_size

    @property
    def code_files(self):
        """Paths of the Python files that the chosen parts are built by."""
        return [part.code_file for part, _ in self._parts()]

    @property
    def step_code_files(self):
        """Those of the parts that have a bearing on what one step takes."""
        return [part.code_file for part, mark in self._parts() if mark is None]

    def _parts(self):
        """(part, its InOneStep or None) of every chosen one."""
        for _, value, mark in marked_values(self):
            parts = value if isinstance(value, list) else (value,)
            yield from ((part, mark) for part in parts if isinstance(part, Part))

    def of_one_step(self):
        """The recipe with one value for all that has no bearing on what a step takes."""
        recipe = in_one_step(self)
        if recipe.averaging and recipe.averaging.n_last_epochs:
            # It takes nothing in a step, and one step has no last epochs.
            recipe = recipe.model_copy(update={"averaging": None})
        return recipe


def memory_format_of(recipe, rehearsal):
    """The memory format that a recipe's jobs go by, a key of MEMORY_FORMATS.

    rehearsal: Path of what the stage rehearse wrote, or None where there was none: then nobody has
    looked at model and device, and `auto` is channels_last.
    """
    if rehearsal is None:
        return "channels_last" if recipe.channels_last else "contiguous"
    return read_json(rehearsal)["memory_format"]
