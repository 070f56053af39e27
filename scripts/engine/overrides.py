"""Values of --config, in which Snakemake leaves numbers as text."""

import yaml


def as_yaml(values, overrides):
    """`values` with the texts that came from `overrides` read as a YAML file would read them.

    values: dictionaries and lists as read from YAML; overrides: the part that was laid on top of
    them, by the same keys. Text that is no number, truth value or null stays text.
    """
    if isinstance(values, dict) and isinstance(overrides, dict):
        given = {key: as_yaml(values[key], overrides[key]) for key in overrides if key in values}
        return {**values, **given}
    if isinstance(values, list):
        return [as_yaml(item, item) for item in values]
    return _scalar(values) if isinstance(values, str) else values


def _scalar(text):
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text
