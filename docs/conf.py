"""Documentation of relverify: the pages of theorems, relations, lemmas and commands are generated."""

from __future__ import annotations

import sys
from pathlib import Path

from relverify._version import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
# the measurements, and how they are drawn, stand beside this folder; relverify itself may be installed elsewhere
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

project = "relverify"
author = copyright = "The relverify developers"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_proof",
    "sphinxcontrib.bibtex",
    "mathml",
    "relverify_docs",
]
exclude_patterns = ["_build", "_ext", "_templates"]
templates_path = ["_templates"]

html_theme = "furo"
html_title = f"relverify {version}"
html_static_path = ["_static"]
html_css_files = ["relverify.css"]
html_math_renderer = "mathml"
html_show_sphinx = False

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"
bibtex_footbibliography_header = ""

autosummary_generate = True
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_default_options = {"exclude-members": "__init__, __new__, __weakref__"}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


# other packages: their inventories are not downloaded
nitpick_ignore_regex = [
    (r"py:.*", r"(sympy|flint|mpmath|numpy|torch|z3|hypothesis|rich|ast|concurrent|pathlib)(\..*)?")
]
