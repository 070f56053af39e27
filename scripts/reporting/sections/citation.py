"""What to cite where numbers of the report are used."""

from reporting.bibliography import bibliography
from reporting.blocks import Code, Paragraph, Section
from reporting.messages import N_


def blocks(content, say):
    about = N_("BibTeX entries of the project, of the data set and of the published study.")
    return [
        Paragraph(say(about)),
        Code(bibliography(content), "bibtex", copied_as="references.bib"),
    ]


SECTION = Section("citation", N_("How to cite"), blocks, is_shown=lambda _content: True)
