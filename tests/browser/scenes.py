"""What the reports under test are of: models with their numbers, and runs of them."""

from dataclasses import dataclass, replace

LANGUAGES = ("en", "zh")
STEPS_PER_EPOCH, EPOCHS = 782, 5
TEST_PER_CLASS, N_CLASSES = 100, 100
# The images of the published numbers.
VERSIONS = {"torch": "2.14.1", "numpy": "2.4.6"}
# Class names as those of CIFAR-100 are: short, some with an underscore.
SYLLABLES = ("ba", "ko", "li", "mu_", "ne", "ro", "sa", "tu", "vi", "zen")


@dataclass(frozen=True)
class Model:
    """A model with what is told of it.

    parts: of its structure, each (name, kind, times, share); shape: name of the model whose figures
    serve for it too, if not its own; n_steps: after which its trainings end; ended_by: what;
    validation: the share of images held out.
    """

    name: str
    settings: dict
    recipe: str
    parameters: int
    size_mb: float
    accuracy: float
    loss: float
    seconds: float
    multiply_adds: float
    parts: tuple
    shape: str = ""
    n_steps: int = STEPS_PER_EPOCH * EPOCHS
    ended_by: str = "epochs"
    validation: float = 0.0


def own_cnn(blocks, *numbers):
    parts = [(f"block_{i + 1}", "Block", 1, 0.9 * 4**i / 4**blocks) for i in range(blocks)]
    settings = {"family": "cnn", "blocks": blocks, "input_size": 32}
    return Model(f"cnn_{blocks}", settings, "published_scratch", *numbers, (*parts, CLASSIFIER))


def fine_tuned(name, *numbers_and_parts):
    settings = {"family": "torchvision", "architecture": name, "weights": "IMAGENET1K_V1"}
    settings["input_size"] = 224
    return Model(name, settings, "published_finetune", *numbers_and_parts, validation=0.1)


CLASSIFIER = ("classifier", "Linear", 1, 0.1)
RESNET = tuple((f"layer{i + 1}", "Bottleneck", n, n / 36) for i, n in enumerate((3, 4, 23, 3)))
MODELS = (
    own_cnn(2, 219_044, 40.63, 39.8, 1.96, 71.3, 4.7e6),
    own_cnn(3, 168_036, 46.94, 44.1, 1.98, 70.6, 9.4e6),
    own_cnn(5, 1_116_388, 55.43, 44.4, 1.59, 132.4, 15.8e6),
    fine_tuned(
        *("vgg19", 139_979_940, 773.24, 71.6, 0.71, 1458.0, 1.96e10),
        (("features", "Conv2d", 16, 0.14), ("classifier", "Linear", 3, 0.86)),
    ),
    fine_tuned("resnet101", 42_705_060, 593.2, 83.9, 0.09, 1618.6, 7.8e9, (*RESNET, CLASSIFIER)),
    fine_tuned(
        *("vit_b_32", 87_532_132, 263.59, 84.3, 0.13, 694.7, 4.4e9),
        (("conv_proj", "Conv2d", 1, 0.03), ("encoder", "EncoderBlock", 12, 0.9), CLASSIFIER),
    ),
    fine_tuned(
        *("swin_b", 86_845_724, 425.33, 81.5, 0.56, 2432.0, 1.54e10),
        (("features", "SwinTransformerBlock", 24, 0.9), CLASSIFIER),
    ),
)
MANY_MODELS = tuple(
    replace(
        model,
        name=f"{model.name}-{number:02}" if number else model.name,
        parameters=model.parameters + 1000 * number,
        accuracy=model.accuracy - number / 3,
        multiply_adds=model.multiply_adds * (1 + number / 50),
        shape=model.name,
    )
    for number, model in enumerate((MODELS * 6)[:40])
)


@dataclass(frozen=True)
class Scene:
    """What a report is of.

    models: compared on the test split; studied: under a baseline and its changes, compared on the
    validation split alone; failures: (model, recipe, seed, facts); others: see `Builder`.
    """

    models: tuple
    seeds: int
    failures: tuple = ()
    class_names: tuple = ()
    device: str = "NVIDIA H100 80GB HBM3"
    command: str = "git checkout 0123abc && snakemake --cores 8 --resources gpu=1"
    configuration: dict | None = None
    other_version: bool = False
    studied: tuple = ()


BASELINE = "baseline"
FAILED = {"step": 731, "learning_rate": 0.5, "loss": "nan", "last_finite_loss": 8.25}
HOSTILE = (
    "<script>alert(1)<!--\"x\" & 'y', `z`,\n"
    "next \u202eright to left\u202c \u05d0\u05d1 %(a)s {{ 7 }}"
)
IMAGE = "<img src=x onerror=alert(2)>"
SCENES = {
    "1 run": Scene(MODELS[:1], 1),
    "7 models": Scene(MODELS, 1),
    "7 models × 6 seeds": Scene(MODELS, 6),
    "200 runs": Scene(MANY_MODELS, 5),
    "a failed run": Scene(MODELS[2:4], 2, (("cnn_2", "too_fast", 0, FAILED),), other_version=True),
    # As in the demo: the large models were stopped after a few steps.
    "trial runs": Scene(
        (
            *MODELS[:3],
            *(replace(m, accuracy=1.0, n_steps=3, ended_by="max_steps") for m in MODELS[3:]),
        ),
        2,
    ),
    "nothing but trial runs": Scene(
        (
            *(replace(model, accuracy=1.0) for model in MODELS[:2]),
            replace(MODELS[3], accuracy=1.2, n_steps=3, ended_by="max_steps"),
        ),
        1,
    ),
    "studies alone": Scene(
        (),
        3,
        studied=tuple(
            replace(MODELS[0], recipe=recipe, accuracy=accuracy, validation=0.1)
            for recipe, accuracy in ((BASELINE, 39.8), ("flip", 42.5), ("smoothing", 39.9))
        ),
    ),
    # One as dear as another, one for nothing, and one whose training has two steps.
    "odd costs": Scene(
        (
            MODELS[0],
            replace(MODELS[1], name="twin", multiply_adds=MODELS[0].multiply_adds),
            replace(MODELS[2], name="free", multiply_adds=0.0, accuracy=30.0),
            replace(MODELS[3], name="short", n_steps=2),
        ),
        1,
    ),
    "hostile names": Scene(
        (
            replace(MODELS[0], name=HOSTILE, recipe=IMAGE + "\n,'\""),
            replace(MODELS[1], name="\u202e'\"><b>,\n" + IMAGE),
            MODELS[2],
        ),
        1,
        ((HOSTILE + "2", IMAGE, 3, {**FAILED, "loss": HOSTILE + "</script>", "step": IMAGE}),),
        (HOSTILE + "</script>", IMAGE, "</td></table><b>\u05d0,\u05d1</b>", '" onclick="alert(3)'),
        HOSTILE + "</script>",
        HOSTILE + "</code></script>" + IMAGE,
        {HOSTILE: [IMAGE, "</pre></script>"], "models": {IMAGE: {}}, "recipes": {HOSTILE: {}}},
    ),
}


def configuration(scene):
    """What was asked for, as the report shows it."""
    if scene.configuration is not None:
        return scene.configuration
    runs = {}
    for model in scene.models:
        runs.setdefault(model.recipe, []).append(model.name)
    return {
        "dataset": {"name": "cifar100", "source": "https://example.org/cifar-100.tar.gz"},
        "models": {model.name: model.settings for model in scene.models},
        "recipes": {name: {"epochs": EPOCHS} for name in (*runs, "never_used")},
        "runs": [
            {"models": models, "recipes": [recipe], "seeds": [*range(scene.seeds)]}
            for recipe, models in runs.items()
        ],
    }
