"""Whether one architecture contains another, and which layer makes the two differ."""


def contains(larger, smaller):
    """Whether an architecture has all layers of another one, in their order, but for the last.

    larger, smaller: structures as those of cost/<model>.json. Layers are those with parameters of
    their own. They are the same where kind, kernel, number of parameters and the model's layer in
    which they stand are: a name alone says nothing across families. The last one of each turns
    what is left of an image into logits, and may differ in size. Nothing contains a model that is
    one layer.
    """
    body, wanted = layers_of(larger)[:-1], layers_of(smaller)[:-1]
    rest = iter(body)
    return bool(wanted) and all(layer in rest for layer in wanted)


def layers_of(structure):
    """(layer of the model, kind, kernel, parameters of its own) of each, in the order they run."""
    layers = []

    def follow(node, place):
        below = sum(child["parameters"] for child in node["children"])
        if node["parameters"] > below:
            kernel = tuple(node["kernel_size"] or ())
            layers.append((place, node["kind"], kernel, node["parameters"] - below))
        for child in node["children"]:
            follow(child, place or child["name"])

    follow(structure, "")
    return layers


def largest_change(before, after):
    """(layer of the model, its parameters before, after): the one that explains most of a change.

    before, after: structures, of which one contains the other. No layer changes more in the
    direction of all parameters together. The parameters are None of a model without that layer;
    all three are None where no layer changes so.
    """
    was, now = (
        {child["name"]: child["parameters"] for child in each["children"]}
        for each in (before, after)
    )
    change = after["parameters"] - before["parameters"]
    sign = (change > 0) - (change < 0)
    names = [*was, *(name for name in now if name not in was)]
    differences = {name: sign * (now.get(name, 0) - was.get(name, 0)) for name in names}
    layer = max(differences, key=differences.get, default=None)
    if layer is None or differences[layer] <= 0:
        return None, None, None
    return layer, was.get(layer), now.get(layer)
