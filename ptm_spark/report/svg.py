"""Charts as SVG that can stand inside the page: rendered by vl-convert, then reduced to what a drawing needs."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup, escape

_TAGS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan"}
_GEOMETRY = {"transform", "d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "width", "height"}
_PAINT = {"fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity"}
_LETTERING = {"text-anchor", "font-size", "font-weight", "font-style"}
_LONG_DECIMAL = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")


def draw(spec: Mapping[str, Any], label: str, room: int) -> Markup:
    """A Vega-Lite spec as an SVG element named by ``label``, at least ``room`` pixels wide.

    A smaller drawing gets empty space at its right: the page stretches drawings to its width, and text with them.

    Only drawing elements and attributes on a list are kept. That leaves the page no place for a script, a link, a
    style or an image whatever the renderer does with crawled text, drops the ids that repeat from chart to chart,
    and takes the fonts from the page.
    """
    rendered = vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[])
    root = ElementTree.fromstring(rendered)
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    width = max(width, room)
    inner = "".join(_kept(child) for child in root if not _is_backdrop(child))
    return Markup('<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>').format(
        f"{width:g}", f"{height:g}", f"{width:g}", f"{height:g}", label, Markup(inner)
    )


def _kept(element: ElementTree.Element) -> str:
    """The element and what is in it as HTML text; nothing where it draws nothing."""
    tag = element.tag.rpartition("}")[2]
    hidden = element.get("display") == "none" or element.get("opacity") == "0" or element.get("d") == ""
    if tag not in _TAGS or hidden:
        return ""
    inner = str(escape(element.text)) if element.text and tag in ("text", "tspan") else ""
    inner += "".join(_kept(child) for child in element)
    if tag == "g" and not inner:
        return ""
    if tag == "path" and element.get("class") == "background" and not {"fill", "stroke"}.intersection(element.keys()):
        return ""
    kept = {name: _shorter(name, value) for name, value in element.items() if name in _GEOMETRY | _PAINT | _LETTERING}
    if tag == "g" and (not kept or kept == {"transform": "translate(0,0)"}):
        return inner
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in kept.items() if (name, value) != ("opacity", "1")
    )
    return f"<{tag}{attributes}>{inner}</{tag}>"


def _shorter(name: str, value: str) -> str:
    """A tenth of a pixel is enough; longer numbers make the page big and differ in the last digit between machines."""
    if name not in _GEOMETRY:
        return value
    return _LONG_DECIMAL.sub(lambda match: f"{round(float(match[0]), 1) + 0.0:g}", value)


def _is_backdrop(element: ElementTree.Element) -> bool:
    return element.tag.endswith("}rect")
