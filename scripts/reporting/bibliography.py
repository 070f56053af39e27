"""BibTeX entries of the project and of what a report shows of others."""

PROJECT = """\
@software{cifar100-benchmark,
  title = {cifar100-benchmark},
  author = {{The cifar100-benchmark authors}},
  version = {0.1.0},
  note = {MIT license},
}
"""
CIFAR_100 = """\
@techreport{krizhevsky2009learning,
  title = {Learning Multiple Layers of Features from Tiny Images},
  author = {Krizhevsky, Alex},
  institution = {University of Toronto},
  year = {2009},
  url = {https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf},
}
"""
PUBLISHED = """\
@misc{angfff-cifar100,
  title = {CIFAR100 多模型训练结果及分析},
  author = {{AngFff}},
  langid = {chinese},
  note = {Article in Chinese},
}
"""


def bibliography(content):
    """The entries of what a report is made with and of, as the text of a .bib file."""
    source = content.manifest["source"]
    # A data set of another module has its name there.
    is_cifar_100 = not source["synthetic"] and "dataset" not in source
    entries = [PROJECT, *[CIFAR_100] * is_cifar_100, *[PUBLISHED] * bool(content.verdicts)]
    return "\n".join(entries)
