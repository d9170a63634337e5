"""Write mathematics as MathML, which browsers typeset by themselves: no scripts, nothing to download.

The fonts of most systems lack the table that MathML needs, so the page brings STIX Two Math along.
"""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import as_file, files
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging
from sphinx.util.fileutil import copy_asset

logger = logging.getLogger(__name__)
FONT = ("ziamath.fonts", "STIXTwoMath-Regular.ttf")
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ALPHABETS = {"script": "SCRIPT", "double-struck": "DOUBLE-STRUCK", "bold": "BOLD", "fraktur": "FRAKTUR"}
FENCES = {"⟨": "prefix", "⟩": "postfix", "⌊": "prefix", "⌋": "postfix", "⌈": "prefix", "⌉": "postfix"}
# letters of the alphabets that Unicode keeps outside their block
ELSEWHERE = {("script", c): n for c, n in zip("BEFHILMRegoe", "ℬℰℱℋℐℒℳℛℯℊℴℯ", strict=True)}


def to_mathml(code: str, display: bool) -> str:
    """Convert LaTeX to MathML Core.

    Raises
    ------
    ValueError
        If a command is not understood.
    """
    # a blank after a command name keeps "\\delta_f" and "\\le 1" apart where the converter would join them
    tree = ElementTree.fromstring(_entities(convert(code, display="block" if display else "inline")))
    for element in tree.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        text = element.text or ""
        if "\\" in text or "&" in text:
            raise ValueError(f"{text!r} in {code!r} is not understood")
        _repair(element, text)
    _join_upright(tree)
    _signs(tree)
    _primes(tree)
    _limits_below(tree, display)
    tree.set("xmlns", NAMESPACE)
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=False)


def _entities(markup: str) -> str:
    return re.sub(r"&(?!#)", "&amp;", markup)


def _repair(element: ElementTree.Element, text: str) -> None:
    """What the converter takes for identifiers although they are operators, and alphabets that Core left to Unicode."""
    if element.tag == "mi" and len(text) == 1 and unicodedata.category(text) in ("Sm", "Ps", "Pe"):
        element.tag = "mo"
    if element.tag == "mo" and text in FENCES and "stretchy" not in element.attrib:
        element.attrib.update(form=FENCES[text], stretchy="false")
    if element.tag == "mo" and text == "|" and element.get("stretchy") == "false":
        element.attrib.update(lspace="0", rspace="0")
    if element.tag == "mo" and text in ("‖", "/"):
        element.attrib.update(lspace="0", rspace="0")
    variant = element.get("mathvariant", "")
    if variant in ALPHABETS and text.isascii() and text.isalpha():
        del element.attrib["mathvariant"]
        element.text = "".join(_letter(variant, c) for c in text)
    if element.tag == "mo" and text.isalpha() and len(text) > 1:
        element.attrib.setdefault("rspace", "0.17em")


def _letter(variant: str, letter: str) -> str:
    if (variant, letter) in ELSEWHERE:
        return ELSEWHERE[variant, letter]
    case = "CAPITAL" if letter.isupper() else "SMALL"
    return unicodedata.lookup(f"MATHEMATICAL {ALPHABETS[variant]} {case} {letter.upper()}")


def _join_upright(tree: ElementTree.Element) -> None:
    """Neighbouring upright letters are one word."""
    for parent in tree.iter():
        previous = None
        for child in list(parent):
            upright = child.tag == "mi" and child.get("mathvariant") == "normal" and (child.text or "").isalpha()
            if upright and previous is not None:
                previous.text = (previous.text or "") + (child.text or "")
                parent.remove(child)
            else:
                previous = child if upright else None


def _signs(tree: ElementTree.Element) -> None:
    """A minus that opens a group is a sign: no blank on its right."""
    for parent in tree.iter():
        before = None
        for child in parent:
            opens = before is None or (
                before.tag == "mo" and before.text not in (")", "]", "!", "|", "‖", "⟩", "⌉", "⌋")
            )
            if child.tag == "mo" and child.text in ("−", "-") and opens:
                child.set("form", "prefix")
            # an empty element only holds the place of an aligned column
            before = child if child.tag != "mi" or child.text else before


def _primes(tree: ElementTree.Element) -> None:
    """Primes have their height in the font, so they stand beside their letter."""
    for element in tree.iter():
        if element.tag == "msup" and len(element) == 2 and set(element[1].text or "-") <= set("′″‴"):
            element.tag, element[1].tag = "mrow", "mo"
            element[1].attrib.update(lspace="0", rspace="0")


def _limits_below(tree: ElementTree.Element, display: bool) -> None:
    """Limits of sums and suprema go below in displays."""
    if not display:
        return
    names = {"sup", "inf", "max", "min", "lim", "∑", "∏"}
    for element in tree.iter():
        if element.tag in ("msub", "msubsup") and len(element) and (element[0].text or "") in names:
            element.tag = {"msub": "munder", "msubsup": "munderover"}[element.tag]
            if (element[0].text or "").isalpha():
                element[0].attrib.update(movablelimits="false", lspace="0")


def _write(translator: Any, node: Any, display: bool) -> str:
    code = node.astext()
    try:
        return to_mathml(code, display)
    except (ValueError, ElementTree.ParseError) as error:
        logger.warning("mathematics: %s", error, location=node)
        return f"<code>{translator.encode(code)}</code>"


def visit_math(translator: Any, node: Any) -> None:
    translator.body.append(f'<span class="math">{_write(translator, node, False)}</span>')
    raise nodes.SkipNode


def visit_displaymath(translator: Any, node: Any) -> None:
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    ids = f' id="{node["ids"][0]}"' if node["ids"] else ""
    translator.body.append(f'<div class="math display"{ids}>{number}{_write(translator, node, True)}</div>\n')
    raise nodes.SkipNode


def copy_font(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        with as_file(files(FONT[0]) / FONT[1]) as font:
            copy_asset(font, app.outdir / "_static")


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    app.connect("build-finished", copy_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
