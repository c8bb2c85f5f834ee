"""How Sphinx builds the documentation; tools/docs.py calls it."""

from pygments.lexers.data import JsonLexer
from pygments.lexers.special import TextLexer

from dog import __version__

project = "Dog"
author = "the authors of Dog"
copyright = "the authors of Dog; Apache-2.0"
version = release = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
highlight_language = "text"
myst_heading_anchors = 3
exclude_patterns = ["README.md"]
nitpicky = True
html_theme = "furo"
html_title = "Dog"
html_favicon = "dog.svg"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["docs.css"]


def setup(app):
    app.add_lexer("conversation", TextLexer)
    app.add_lexer("jsonl", JsonLexer)
