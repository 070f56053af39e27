"""What the report calls the settings of models and recipes, and their values."""

from reporting.messages import N_

# Keys of models and recipes, as readers see them.
SETTINGS = {
    "architecture": N_("architecture"),
    "auxiliary_weight": N_("weight of auxiliary losses"),
    "batch_size": N_("batch size"),
    "blocks": N_("blocks"),
    "channels_last": N_("channels last"),
    "compile": N_("torch.compile"),
    "deterministic": N_("deterministic algorithms"),
    "dataset": N_("kind of images"),
    "epochs": N_("epochs"),
    "factory": N_("factory"),
    "family": N_("family"),
    "head": N_("classifier layer"),
    "input_size": N_("input size, px"),
    "interpolate_positions": N_("interpolated positions"),
    "learning_rate": N_("learning rate"),
    "loss": N_("loss"),
    "max_steps": N_("limit of the steps"),
    "md5": N_("MD5 of the archive"),
    "micro_batch": N_("images at once"),
    "momentum": N_("momentum"),
    "name": N_("name"),
    "normalize": N_("normalisation"),
    "optimizer": N_("optimizer"),
    "precision": N_("precision"),
    "schedule": N_("schedule"),
    "seed": N_("seed"),
    "size_convention": N_("rule of the size"),
    "test_per_class": N_("test images of each class"),
    "train_per_class": N_("training images of each class"),
    "validation": N_("validation share"),
    "warm_up": N_("warm-up, share of the steps"),
    "weight_decay": N_("weight decay"),
    "weights": N_("weights"),
    "options": N_("options"),
}
VALUES = {
    "adam": N_("Adam"),
    "adamw": N_("AdamW"),
    "sgd": N_("SGD"),
    "constant": N_("constant"),
    "cosine": N_("cosine annealing"),
    "cross_entropy": N_("cross-entropy"),
    "none": N_("none"),
    "torch_default": N_("torch's default"),
    "auto": N_("automatic"),
    "dataset": N_("of the data set"),
    "imagenet": N_("of ImageNet"),
}
SIZE_RULES = {
    "activations-x2-MiB-batch64": N_("input, twice every output, and parameters at batch 64"),
    "activations-x2-MiB-batch1": N_("input, twice every output, and parameters at batch 1"),
    "torchinfo-MB-batch1": N_("torchinfo's estimate at batch 1"),
}
