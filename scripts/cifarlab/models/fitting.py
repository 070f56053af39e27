"""Whether weights fit a model, and how their names and numbers become the model's."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import torch
from torch import nn

from cifarlab.models.families import FAMILIES
from cifarlab.models.heads import find_head
from cifarlab.models.weights import check_keys, keys_that_differ, some
from engine.errors import UserError

# What stands before all names where the network was wrapped: for parallel training, by
# torch.compile, or by a class that holds it.
PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "net.", "network.", "encoder.")
# What torch.optim.swa_utils.AveragedModel counts, beside the model that it averages.
COUNTERS = {"n_averaged"}


@dataclass(frozen=True)
class Fit:
    """The part of a file that a model starts from.

    state: tensors by the model's names; head_fits: whether the head is among them; taken_off: of
    PREFIXES, what stood before all names in the file, outermost first; conversions: how many
    tensors have another type than the model's, by text such as "float16 to float32".
    """

    state: dict
    head_fits: bool
    taken_off: list
    conversions: dict


def fit_to_model(state, model, settings, path):
    """The Fit of a state dict from a file.

    state: as `read_state` returns it; model: nn.Module with the new head, also on the meta device;
    settings: of the model; path: for messages. A head of another shape is left out. Raises
    UserError that lists keys that are missing, unexpected or of another shape, the head's apart,
    and tensors whose numbers are of another kind, or not finite.
    """
    # The model's own tensors: a tied one is the same object under each of its names.
    expected = model.state_dict(keep_vars=True)
    state, taken_off = without_prefixes(state, expected)
    adapt_state = getattr(FAMILIES[settings.family], "adapt_state", lambda _settings, state: state)
    state = _with_batch_counts(_with_tied(adapt_state(settings, state), expected), expected)
    head, _ = find_head(model, settings.head)
    head_fits = not keys_that_differ(_below(head, expected), _below(head, state))
    if not head_fits:
        state, expected = _without(head, state), _without(head, expected)
    check_keys(expected, state, path, lambda faults: _other_head(model, expected, faults))
    _check_numbers(expected, state, path)
    _check_ties(expected, state, path)
    return Fit(state, head_fits, taken_off, _conversions(expected, state))


def _below(name, state):
    """The part of a state dict that belongs to the module of this name."""
    return {key: value for key, value in state.items() if key.startswith(f"{name}.")}


def _without(name, state):
    """The rest of a state dict, in its order."""
    return {key: value for key, value in state.items() if not key.startswith(f"{name}.")}


def without_prefixes(state, expected):
    """`state` without PREFIXES before all of its names, and what was taken off, outermost first.

    expected: the model's. As many are taken off as make most of the names the model's, which may
    begin with one of PREFIXES themselves.
    """
    state = {key: value for key, value in state.items() if key in expected or key not in COUNTERS}
    found = [([], state)]
    while prefix := next((p for p in PREFIXES if _is_before_all(p, state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
        found.append(([*found[-1][0], prefix], state))
    # The first of the best.
    taken_off, state = max(found, key=lambda candidate: len(candidate[1].keys() & expected.keys()))
    return state, taken_off


def _is_before_all(prefix, state):
    return bool(state) and all(key.startswith(prefix) for key in state)


def _with_batch_counts(state, expected):
    """`state` with how many batches a batch normalisation saw, 0 as torch fills it in: torch before
    0.4.1 did not save it."""
    state = dict(state)
    for key in [key for key in expected if key not in state]:
        layer, _, name = key.rpartition(".")
        if name == "num_batches_tracked" and f"{layer}.running_mean" in state:
            state[key] = torch.tensor(0)
    return state


def _ties(expected):
    """Lists of the names that stand for one tensor of the model."""
    names = defaultdict(list)
    for name, value in expected.items():
        if torch.is_tensor(value):
            names[id(value)].append(name)
    return [tied for tied in names.values() if len(tied) > 1]


def _with_tied(state, expected):
    """`state` with all names of the model's tied tensors, of which a file may have but one."""
    state = dict(state)
    for tied in _ties(expected):
        given = [state[name] for name in tied if name in state]
        for name in tied:
            if given:
                state.setdefault(name, given[0])
    return state


def _other_head(model, expected, faults):
    """What to do where the faults of `check_keys` are all of one layer that could be the head."""
    keys = {key for faulty in faults.values() for key in faulty}
    layers = {key.rpartition(".")[0] for key in keys}
    for name, layer in model.named_modules():
        is_layer = layers == {name} and isinstance(layer, (nn.Linear, nn.Conv2d))
        if is_layer and {*_below(name, expected)} <= keys:
            return f"if {name} gives the logits, say so in the model's settings, head: {name}"
    return None


def _check_numbers(expected, state, path):
    """Raise UserError where tensors have other kinds of numbers than the model's, or NaN."""
    tensors = {key: value for key, value in state.items() if torch.is_tensor(expected[key])}
    wrong = [
        f"{key} ({_type(value)}, expected {_type(expected[key])})"
        for key, value in tensors.items()
        if _kind(value) != _kind(expected[key])
    ]
    if wrong:
        raise UserError(
            f"{path} holds other kinds of numbers than the model: {some(wrong)}; "
            "save them as the model has them"
        )
    wrong = [key for key, value in tensors.items() if not _is_finite(key, value, expected[key])]
    if wrong:
        raise UserError(
            f"{path} holds weights that are NaN or infinite: {some(wrong)}; its training "
            "diverged, or it was converted to a type that is too small; name other weights"
        )


def _kind(tensor):
    if tensor.is_complex():
        return "complex"
    return "float" if tensor.is_floating_point() else "integer"


def _type(tensor):
    return str(tensor.dtype).removeprefix("torch.")


def _is_finite(key, value, expected):
    """Whether the model can start from a tensor, as its own type has it."""
    value = value.to(expected.dtype)
    is_statistic = key.rpartition(".")[2] in ("running_mean", "running_var")
    # Masks are buffers, and full of minus infinity.
    if isinstance(expected, nn.Parameter) or is_statistic:
        return bool(value.isfinite().all())
    return not value.isnan().any()


def _check_ties(expected, state, path):
    """Raise UserError where the file has several values for one tensor of the model."""
    for tied in _ties(expected):
        first, *others = (state[name].to(expected[name].dtype) for name in tied)
        if not all(torch.equal(first, other) for other in others):
            raise UserError(
                f"{path} holds different values for {some(tied)}, which are one tensor in the "
                "model; name weights of this model"
            )


def _conversions(expected, state):
    return Counter(
        f"{_type(value)} to {_type(expected[key])}"
        for key, value in state.items()
        if torch.is_tensor(expected[key]) and value.dtype != expected[key].dtype
    )
