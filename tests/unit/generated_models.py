"""Small models from a plan, a list of words: what people write, well and not so well."""

import torch
from torch import nn

WIDTH = 8


class Generated(nn.Module):
    """Layers in the order of the plan, then a head; further words say what is odd about it."""

    def __init__(self, n_classes, plan):
        super().__init__()
        self.plan, self.table, self.n_classes = plan, None, n_classes
        channels, layers = 3, []
        for word in plan:
            if word in LAYERS:
                layers.append(LAYERS[word](channels))
                channels = WIDTH if word in CHANGES_WIDTH else channels
        self.layers = nn.ModuleList(layers)
        if "plain list" in plan:
            self.layers = layers
        self.head = nn.LazyLinear(n_classes + ("one logit more" in plan))
        self.auxiliary = nn.LazyLinear(n_classes) if "auxiliary" in plan else None
        if "registered twice" in plan:
            self.again = self.layers
        if "tied" in plan:
            self.first, self.second = (
                nn.Linear(n_classes, n_classes),
                nn.Linear(n_classes, n_classes),
            )
            self.second.weight = self.first.weight
        if "buffers" in plan:
            self.register_buffer("count", torch.zeros((), dtype=torch.int64))
            self.register_buffer("scales", torch.rand(n_classes).to(torch.bfloat16))
            self.register_buffer("mask", torch.ones(n_classes, dtype=torch.bool))
            self.register_buffer("passing", torch.ones(n_classes), persistent=False)
        if "random attribute" in plan:
            self.shift = torch.randn(n_classes)
        if "frozen" in plan:
            self.requires_grad_(False)
        if "double" in plan:
            self.double()

    def forward(self, images):
        features = images
        for layer in self.layers:
            features = layer(features)
        if "view" in self.plan:
            features = features.view(features.size(0), -1)
        elif "mean" in self.plan:
            features = features.mean((2, 3))
        else:
            features = features.flatten(1)
        logits = self.odd(self.head(features))
        if "auxiliary" in self.plan and self.training:
            return logits, self.auxiliary(features)
        forms = {
            "wrong dict": {"y": logits},
            "tuple": (logits, features),
            "dict": {"logits": logits},
        }
        return next((form for word, form in forms.items() if word in self.plan), logits)

    def odd(self, logits):
        plan = self.plan
        if "tied" in plan:
            logits = self.second(self.first(logits))
        if "buffers" in plan:
            self.count += self.training
            logits = logits * self.mask * self.passing + self.scales.float()
        if "random attribute" in plan:
            logits = logits + 5 * self.shift
        if "table" in plan or "table of the batch" in plan:
            if self.table is None:
                shape = logits.shape if "table of the batch" in plan else logits.shape[1:]
                self.table = torch.full(shape, 0.7)
            logits = logits * self.table
        if "graph kept" in plan and self.training:
            self.kept = logits.mean() + 0.1 * getattr(self, "kept", 0.0)
            logits = logits + self.kept
        if "always dropout" in plan:
            logits = nn.functional.dropout(logits, 0.3)
        if "training fails" in plan and self.training:
            raise RuntimeError("no training")
        return logits


class StochasticDepth(nn.Module):
    """A layer that is left out by chance in training."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LazyConv2d(WIDTH, 3, padding=1)

    def forward(self, images):
        if self.training and torch.rand(()) < 0.5:
            return images
        return images + self.layer(images).mean(1, keepdim=True)


LAYERS = {
    "conv": lambda channels: nn.Conv2d(channels, WIDTH, 3, stride=2, padding=1),
    "grouped conv": lambda channels: nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
    "lazy conv": lambda channels: nn.LazyConv2d(WIDTH, 5, stride=2),
    "batch norm": nn.BatchNorm2d,
    "lazy batch norm": lambda channels: nn.LazyBatchNorm2d(),
    "group norm": lambda channels: nn.GroupNorm(1, channels),
    "instance norm": lambda channels: nn.InstanceNorm2d(channels, affine=True),
    "relu": lambda channels: nn.ReLU(inplace=True),
    "gelu": lambda channels: nn.GELU(),
    "silu": lambda channels: nn.SiLU(inplace=True),
    "max pool": lambda channels: nn.MaxPool2d(2),
    "average pool": lambda channels: nn.AvgPool2d(2),
    "pool to one": lambda channels: nn.AdaptiveAvgPool2d(1),
    "dropout": lambda channels: nn.Dropout2d(0.2),
    "stochastic depth": lambda channels: StochasticDepth(),
}
CHANGES_WIDTH = ("conv", "lazy conv")
ENDS = ["view", "mean", "flatten"]
# What a model may do, and what none may.
HONEST = [
    "auxiliary",
    "registered twice",
    "tied",
    "buffers",
    "table",
    "tuple",
    "dict",
    "always dropout",
]
FAULTY = [
    *("plain list", "one logit more", "random attribute", "frozen", "double"),
    *("table of the batch", "graph kept", "training fails", "wrong dict"),
]


def make(n_classes, plan):
    return Generated(n_classes, plan)
