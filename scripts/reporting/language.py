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


# That of the messages, which needs no catalogue.
SOURCE = "en"
# Written without spaces between sentences.
WITHOUT_GAPS = {"ja", "zh"}
# As HTML names a language, where its code alone leaves open how it is written.
TAGS = {"zh": "zh-Hans"}


def catalogue_path(folder, code):
    """Where the catalogue of a language lies below the folder of translations."""
    return Path(folder) / code / "LC_MESSAGES/report.po"


def known_languages(folder):
    """Codes of the languages that have a catalogue in the folder of translations, en first."""
    found = Path(folder).glob("*/LC_MESSAGES/report.po")
    return [SOURCE, *sorted(path.parent.parent.name for path in found)]


def describe_language(code, folder):
    """The Language of a code, without its translations; folder: as `known_languages` has it.

    Raises UserError where the folder has no catalogue of it, or the code is of no language.
    """
    from babel import Locale, UnknownLocaleError

    known = known_languages(folder)
    if code not in known:
        raise UserError(
            f"report.languages: expected {', '.join(known)}, found {code!r}; another language "
            f"needs a catalogue at {catalogue_path(folder, code)}"
        )
    try:
        name = Locale.parse(code).display_name
    except (UnknownLocaleError, ValueError) as error:
        raise UserError(f"expected a code such as de or pt_BR, found {code!r} ({error})") from error
    gap = "" if code in WITHOUT_GAPS else " "
    return Language(code, name, gap, TAGS.get(code, code.replace("_", "-")))


def load_language(code, folder):
    """The Language of a code, as `describe_language`, with its translations.

    Raises UserError where its catalogue cannot be read.
    """
    language = describe_language(code, folder)
    if code == SOURCE:
        return language
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    path = catalogue_path(folder, code)
    try:
        with open(path, "rb") as file:
            catalogue = read_po(file, locale=code, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        raise UserError(f"cannot read the translations in {path} ({error})") from error
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return replace(language, translations=gettext.GNUTranslations(compiled))
