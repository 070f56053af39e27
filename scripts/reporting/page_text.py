"""How texts stand on a page, HTML or Markdown, in one language."""

import json
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup, escape

from reporting.messages import N_, Cell, Sentence, Term
from reporting.numbers import number
from reporting.setting_names import SETTINGS, SIZE_RULES, VALUES

# The space before a % that begins no %(place)s, between a place and its unit, and before a unit at
# the end of a title.
UNIT = re.compile(r" (?=%(?!\()|(?<=, )(?:s|ms|px|MB|M)$)|(?<=\)s) (?=(?:s|ms|MB)\b)")
# Classes of letters and marks that write from right to left, or turn what follows.
TURNING = {"R", "AL", "AN", "RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}
# The anchor of the table in which a Cell is, by the beginning of its own.
TABLES = {
    "cell": "comparison",
    "class": "classes",
    "model": "models",
    "pair": "pairs",
    "structure": "models",
    "verdict": "published",
}


def markdown_escape(value):
    """Text that means itself in Markdown, inside a table cell too."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", " ".join(str(value).split()))


@dataclass(frozen=True)
class PageText:
    """Messages, names and numbers as one kind of page has them, in one language.

    language: Language; is_html: whether values are escaped for HTML, else for Markdown.
    """

    language: object
    is_html: bool

    def safe(self, value):
        """A user's text as the page shows it."""
        return escape(value) if self.is_html else markdown_escape(value)

    def name(self, text):
        """A user's text within others: what follows one from right to left keeps its order."""
        turns = any(unicodedata.bidirectional(letter) in TURNING for letter in str(text))
        return Markup("<bdi>%s</bdi>") % text if self.is_html and turns else self.safe(text)

    def names(self, texts):
        return self.joined(self(N_(", ")), map(self.name, texts))

    def code(self, text):
        """A path or a command."""
        return Markup("<code>%s</code>") % text if self.is_html else Markup(f"`{text}`")

    def link(self, anchor, text):
        """A text that leads to an anchor; Markdown's tables have no anchors."""
        return Markup('<a href="#%s">%s</a>') % (anchor, text) if self.is_html else text

    def file_link(self, path, text):
        """A text that leads to a file. path: from the report's folder, with / between its parts."""
        path = quote(path)
        if self.is_html:
            return Markup('<a href="%s">%s</a>') % (path, text)
        return Markup(f"[{self.safe(text)}]({path})")

    def strong(self, text):
        """A user's text that stands out, which on the page is a matter of its place."""
        return self.safe(text) if self.is_html else Markup(f"**{self.safe(text)}**")

    def joined(self, gap, texts):
        """Texts that are ready for the page, with `gap` between them."""
        return Markup(gap).join(escape(t) if self.is_html else Markup(t) for t in texts)

    def beside(self, text, note):
        """A number with a smaller one on its line."""
        small = Markup('<small class="beside">%s</small>') % note if self.is_html else note
        return self.joined(" ", [text, small])

    def lines(self, text, *notes):
        """A cell's text, or none, with notes below it, in smaller letters where there are such."""
        if not self.is_html:
            return self.joined("<br>", filter(None, [text, *notes]))
        return self.joined("", [text, *(Markup("<small>%s</small>") % note for note in notes)])

    def pair(self, name, value):
        """A name and its value on one line."""
        return self.joined(self(N_(": ")), [name, value])

    def source(self, *paths):
        """The sentence that names the files in which numbers stand."""
        comma = self(N_(", "))
        # Where a language writes no space before a path, a line may end there none the less.
        end = Markup("<wbr>") if self.is_html and not comma.endswith(" ") else Markup()
        files = comma.join(end + self.code(path) for path in paths)
        return self(N_("Source: %(files)s."), files=files)

    def sentences(self, sentences):
        """Sentences one after the other, each a Sentence or text that is ready."""
        return Markup(self.language.gap).join(map(self.value, sentences))

    def __call__(self, message, **values):
        """A message in the page's language; what is put into it is escaped, numbers are linked."""
        # A number and its %, a title and its unit stay on one line.
        text = UNIT.sub("\u00a0", self.language(message))
        if self.is_html:
            text = escape(text)
        values = {name: self.value(value) for name, value in values.items()}
        return Markup(text % values) if values else Markup(text)

    def value(self, value):
        if isinstance(value, Cell):
            is_large = value.digits is None
            text = self.amount(value.value) if is_large else number(value.value, value.digits)
            text = text.replace("-", "−")
            if self.is_html:
                return Markup('<a href="#%s">%s</a>') % (value.anchor, text)
            # A table's cells have no anchors in Markdown.
            return f"[{text}](#{TABLES[value.anchor.partition('-')[0]]})"
        if isinstance(value, Markup):
            return value
        if isinstance(value, Sentence):
            return self(value.message, **value.values)
        if isinstance(value, Term):
            return self(value.message)
        if isinstance(value, list):
            return self.joined(self(N_(", ")), map(self.value, value))
        return self.safe(number(value)) if isinstance(value, int | float) else self.name(value)

    def amount(self, count):
        """A large count in the units of the language: 7.9 M."""
        # In Chinese these are ten thousands and their squares.
        units = [unit.split() for unit in self.language(N_("1e6 M, 1e9 G, 1e12 T")).split(", ")]
        for size, unit in reversed(units):
            if count >= float(size):
                scaled = count / float(size)
                return f"{number(scaled, 0 if scaled >= 100 else 1).removesuffix('.0')}\u00a0{unit}"
        return number(count)

    def answer(self, answer):
        """Yes, no, or unknown where it is None."""
        return self(N_("unknown") if answer is None else N_("yes") if answer else N_("no"))

    def duration(self, seconds):
        """Seconds as a person would say them."""
        if seconds < 120:
            return self(N_("%(s)s s"), s=f"{seconds:.1f}")
        minutes, seconds = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return self(N_("%(h)s h %(min)s min"), h=hours, min=minutes)
        return self(N_("%(min)s min %(s)s s"), min=minutes, s=seconds)

    def setting_name(self, key):
        """The name of a key of a model's or recipe's settings; one that is unknown as it is."""
        return self(SETTINGS[key]) if key in SETTINGS else self.safe(key.replace("_", " "))

    def setting_value(self, value):
        """One setting for people: those of a part in parentheses after its name, others as JSON."""
        if isinstance(value, bool):
            return self.answer(value)
        if isinstance(value, dict) and value and value.keys() <= SETTINGS.keys():
            parts = [
                self(N_(": ")).join([self.setting_name(key), self.setting_value(item)])
                for key, item in value.items()
                if key != "name"
            ]
            rest = self(N_(", ")).join(parts)
            if "name" not in value:
                return rest
            name = self.setting_value(value["name"])
            return self(N_("%(name)s (%(rest)s)"), name=name, rest=rest) if parts else name
        if isinstance(value, list) and any(isinstance(one, str | dict) for one in value):
            return self(N_(", ")).join(map(self.setting_value, value))
        if isinstance(value, dict):
            return self.safe(json.dumps(value, ensure_ascii=False))
        if isinstance(value, str) and value in SIZE_RULES:
            return self(SIZE_RULES[value])
        if isinstance(value, str) and value in VALUES:
            return self(VALUES[value])
        return self.safe(value)
