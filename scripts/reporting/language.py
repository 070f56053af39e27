"""The languages of the report: gettext catalogues, read from their sources."""

import gettext
import io
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError

# The language of the messages themselves needs no catalogue.
SOURCE_LANGUAGE = "en"
NAMES = {"en": "English", "zh": "中文"}
# What stands between two sentences.
GAPS = {"en": " ", "zh": ""}
# As HTML names them.
TAGS = {"en": "en", "zh": "zh-Hans"}


def N_(message):
    """Mark a message that is translated later, where it is shown."""
    return message


@dataclass(frozen=True)
class Language:
    """One language. code: as in the configuration; translations: of its messages."""

    code: str
    translations: gettext.NullTranslations

    @property
    def name(self):
        return NAMES[self.code]

    @property
    def gap(self):
        return GAPS[self.code]

    @property
    def tag(self):
        return TAGS[self.code]

    def __call__(self, message):
        # The empty message would be the catalogue's header.
        return self.translations.gettext(message) if message else ""


def catalogue_path(folder, code):
    """Where the catalogue of a language lies below the folder of translations."""
    return Path(folder) / code / "LC_MESSAGES/report.po"


def load_language(code, folder):
    """The Language of a code; folder: of the translations. UserError where it has no catalogue."""
    if code == SOURCE_LANGUAGE:
        return Language(code, gettext.NullTranslations())
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = catalogue_path(folder, code)
    try:
        with open(path, "rb") as file:
            catalogue = read_po(file, locale=code, abort_invalid=True)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the translations in {path} ({error})") from error
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code, gettext.GNUTranslations(compiled))
