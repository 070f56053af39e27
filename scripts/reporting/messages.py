"""Texts of figures, drawn once and translated when a report is rendered."""

import html
import json
import re

# Zero wide. What stands between two of them is a message; a name that a user chose never does.
MARK = "\u2060"
TEXT = re.compile(rf"(<(?:text|tspan)\b[^>]*)>{MARK}([^<]*?){MARK}(</)")
MESSAGE = re.compile(
    r'(<(?:text|tspan)\b[^>]*?) data-message="([^"]*)" data-values="([^"]*)"([^>]*>)[^<]*(</)'
)


class Marked(str):
    """A message's text between two marks."""

    __slots__ = ()


class Messages:
    """The messages of one figure: `say("seed %(seed)s", seed=0)` gives the text to draw."""

    def __init__(self):
        self.messages = {}

    def __call__(self, message, **values):
        text = message % values if values else message
        self.messages[text] = (message, values)
        return Marked(f"{MARK}{text}{MARK}")

    def keep(self, svg):
        """`svg` with every message's text as an attribute of its element."""

        def attributes(match):
            text = html.unescape(match[2])
            message, values = self.messages.get(text, (text, {}))
            words = [html.escape(word) for word in (message, json.dumps(values))]
            return (
                f'{match[1]} data-message="{words[0]}" data-values="{words[1]}">'
                f"{match[2]}{match[3]}"
            )

        return TEXT.sub(attributes, svg).replace(MARK, "")


def translated(svg, gettext):
    """`svg` in another language. gettext: a function from a message to its translation."""

    def element(match):
        message, values = html.unescape(match[2]), json.loads(html.unescape(match[3]))
        text = gettext(message) % values if values else gettext(message)
        return f"{match[1]}{match[4]}{html.escape(text, quote=False)}{match[5]}"

    return MESSAGE.sub(element, svg)
