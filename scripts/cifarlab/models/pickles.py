"""What a pickle names: the classes and functions that reading it would need. Nothing is run."""

import pickletools
import zipfile
from dataclasses import dataclass, field

# What torch.save names for tensors and plain values; torch.load(weights_only=True) reads these.
OF_TENSORS = {
    *("torch", "torch._tensor", "torch._utils", "torch.nn.parameter", "torch.serialization"),
    *("torch.storage", "collections.OrderedDict", "collections.Counter", "_codecs.encode"),
    *("builtins.set", "builtins.bytearray", "builtins.complex"),
}
# Before torch 1.6 a file was four pickles, the third of which describes the machine, and numbers.
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
LEGACY_PICKLES = 4


@dataclass
class Pickled:
    """What was found in the pickles of a file.

    names: of classes and functions beside those of tensors, in order; model_class: name of the
    class of the first torch.nn.Module, or None; protocol: of the pickle.
    """

    names: list = field(default_factory=list)
    model_class: str | None = None
    protocol: int = 0


def look_into(file):
    """The Pickled of what torch.save or pickle wrote, as far as it can be read.

    file: open for reading bytes, at its start.
    """
    found = Pickled()
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                (name,) = [n for n in archive.namelist() if n.endswith("/data.pkl")]
                with archive.open(name) as pickled:
                    _look(pickled, found)
        else:
            file.seek(0)
            is_legacy = file.read(len(LEGACY_START)) == LEGACY_START
            file.seek(0)
            for _ in range(LEGACY_PICKLES if is_legacy else 1):
                _look(file, found)
    except Exception:  # damaged bytes raise nearly anything; what came before counts
        pass
    return found


def _look(file, found):
    """Add what one pickle names to `found`."""
    texts, memo, last_named = [], {}, None
    for operation, argument, _ in pickletools.genops(file):
        name = None
        if operation.name == "PROTO":
            found.protocol = argument
        elif operation.name == "GLOBAL":
            name = argument.replace(" ", ".").replace("__builtin__.", "builtins.")
        elif operation.name == "STACK_GLOBAL":
            name = ".".join(texts[-2:])
        elif operation.name == "MEMOIZE":
            memo[len(memo)] = texts[-1:]
        elif operation.name.endswith("BINGET"):
            texts += memo.get(argument, [])
        elif isinstance(argument, str):
            texts.append(argument)
            # Every nn.Module has this dict, its class is named just before, and a pickle has a text
            # only once.
            if argument == "_parameters":
                found.model_class = last_named
        if name and not _is_of_tensors(name):
            last_named = name
            if name not in found.names:
                found.names.append(name)


def _is_of_tensors(name):
    return name in OF_TENSORS or name.rpartition(".")[0] in OF_TENSORS
