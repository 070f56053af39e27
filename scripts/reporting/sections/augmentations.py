"""What the augmentations of the recipes make of training images."""

from reporting.blocks import Group, Paragraph, Section
from reporting.messages import N_
from reporting.pictures import picture

ABOUT = N_(
    "Training images, and what a model sees of them in a training. It differs from epoch to epoch. "
    "Images to validate and to test on are never changed."
)


def blocks(content, say):
    return [
        Paragraph(say(ABOUT)),
        *(group(content, say, name, one) for name, one in content.augmented.items()),
    ]


def group(content, say, name, one):
    """The contact sheet of recipes with the same augmentations. name: of the first recipe."""
    recipes = say(N_("Recipes: %(recipes)s."), recipes=one.recipes)
    return Group(
        say.setting_value(one.augmentations),
        [Paragraph(recipes, "quiet"), picture(content, say, "contact_sheet", recipe=name)],
        anchor=f"augmentations-{name}",
    )


SECTION = Section(
    "augmentations", N_("Augmentations"), blocks, is_shown=lambda content: bool(content.augmented)
)
