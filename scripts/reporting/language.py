"""The languages of the report: gettext catalogues, read from their sources."""

import gettext
import io
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.errors import UserError


@dataclass(frozen=True)
class Language:
    """One language.

    code: as in the configuration; name: in itself; gap: what stands between two sentences; tag: as
    HTML names it; translations: of its messages, none in the language of the messages themselves.
    """

    code: str
    name: str
    gap: str
    tag: str
    translations: gettext.NullTranslations = field(default_factory=gettext.NullTranslations)

    def __call__(self, message):
        # The empty message would be the catalogue's header.
        return self.translations.gettext(message) if message else ""


# That of the messages comes first and needs no catalogue.
SOURCE = Language("en", "English", " ", "en")
LANGUAGES = {"en": SOURCE, "zh": Language("zh", "中文", "", "zh-Hans")}


def catalogue_path(folder, code):
    """Where the catalogue of a language lies below the folder of translations."""
    return Path(folder) / code / "LC_MESSAGES/report.po"


def load_language(code, folder):
    """The Language of a code; folder: of the translations. UserError where it has no catalogue."""
    if code == SOURCE.code:
        return SOURCE
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
    return replace(LANGUAGES[code], translations=gettext.GNUTranslations(compiled))
