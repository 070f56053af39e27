"""The chapters of the report, as the published study has them, and the idea of each model."""

from reporting.messages import N_

OWN_CNNS = N_("CNNs of our own")
CLASSIC_CNNS = N_("Classic CNNs")
TRANSFORMERS = N_("Transformers")
USERS_OWN = N_("Models of the user's own")
CHAPTERS = (OWN_CNNS, CLASSIC_CNNS, TRANSFORMERS, USERS_OWN)
TRANSFORMER_NAMES = ("vit_", "swin_", "maxvit")

# By the beginning of torchvision's name; the first that fits.
IDEAS = {
    "vgg": N_(
        "Many small 3×3 convolutions in a row see as much as few large ones, with fewer weights "
        "and more non-linearity. Three large linear layers at the end hold most of the parameters."
    ),
    "resnet": N_(
        "Each block learns what to add to its input, which passes by on a shortcut. Gradients "
        "reach the first layers along these shortcuts, so that a hundred layers can be trained."
    ),
    "vit_": N_(
        "The image is cut into patches, which become a sequence of tokens as words do in a text. "
        "Self-attention relates every patch to every other, in every layer."
    ),
    "swin_": N_(
        "Self-attention within small windows, which are shifted from layer to layer so that they "
        "exchange what they know. Patches are merged on the way, as a CNN lowers its resolution."
    ),
    "densenet": N_(
        "Every layer reads the outputs of all layers before it in its block. Features are used "
        "again instead of learned again, so that few channels suffice."
    ),
    "mobilenet": N_(
        "A convolution is split into one per channel and one that mixes channels, which takes a "
        "fraction of the multiply-adds. It was made for devices with little power."
    ),
    "efficientnet": N_(
        "Depth, width and resolution grow together in a fixed proportion. The smallest network of "
        "the series was found by a search."
    ),
    "convnext": N_(
        "A residual CNN with the design choices of transformers: large kernels, few activations, "
        "layer normalisation. It asks how much of a transformer's success is its attention."
    ),
}
IDEA_OF_OWN_CNN = N_(
    "Blocks of a 5×5 convolution, batch normalisation, ReLU and 2×2 pooling, each with twice the "
    "channels at half the resolution. One linear layer turns what is left into class logits."
)
IDEA_OF_TORCHVISION = N_(
    "An architecture of torchvision, whose documentation says where it was published. "
    "The last layer is replaced by one with as many outputs as there are classes."
)
IDEA_OF_USERS_OWN = N_(
    "A model from a Python file of the user's own. The file named under hyperparameters says how "
    "it is built."
)


def chapter_of(settings):
    """The chapter of a model. settings: of the model, a dict."""
    if settings["family"] == "cnn":
        return OWN_CNNS
    if settings["family"] != "torchvision":
        return USERS_OWN
    is_transformer = settings["architecture"].startswith(TRANSFORMER_NAMES)
    return TRANSFORMERS if is_transformer else CLASSIC_CNNS


def idea_of(settings):
    """The idea of a model in two sentences. settings: of the model, a dict."""
    if settings["family"] == "cnn":
        return IDEA_OF_OWN_CNN
    if settings["family"] != "torchvision":
        return IDEA_OF_USERS_OWN
    name = settings["architecture"]
    return next((idea for start, idea in IDEAS.items() if name.startswith(start)), None) or (
        IDEA_OF_TORCHVISION
    )
