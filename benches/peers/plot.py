"""Plots as SVG, without a library: legible on light and on dark pages."""

import math
from html import escape

STYLE = """<style>
svg { font: 13px system-ui, sans-serif; }
.page { fill: #ffffff; } .text { fill: #1f2328; } .soft { fill: #59636e; } .grid { stroke: #d1d9e0; }
.ours { fill: #0969da; } .theirs { fill: #818b98; } .limit { fill: #59636e; }
.line { fill: none; stroke: #0969da; stroke-width: 2; } .line2 { fill: none; stroke: #bc4c00; stroke-width: 2; }
.dot { fill: #0969da; } .dot2 { fill: #bc4c00; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; } .text { fill: #f0f6fc; } .soft { fill: #9198a1; } .grid { stroke: #3d444d; }
  .ours { fill: #4493f8; } .theirs { fill: #656c76; } .limit { fill: #9198a1; }
  .line { stroke: #4493f8; } .line2 { stroke: #db6d28; } .dot { fill: #4493f8; } .dot2 { fill: #db6d28; }
}
</style>"""

BAR_ROW = 26
NAMES = 260
PANEL = 290
GAP = 70
TOP = 60


def bars(title: str, rows: list[tuple[str, str, list[float]]], panels: list[tuple[str, str]]) -> str:
    """A line for each row (name, class, a value per panel or none), and bars for each panel (heading, format)."""
    width = NAMES + len(panels) * (PANEL + GAP)
    height = TOP + len(rows) * BAR_ROW + 16
    parts = [_text(16, 24, title, "text", weight="bold")]
    for number, (heading, form) in enumerate(panels):
        left = NAMES + number * (PANEL + GAP)
        parts.append(_text(left, 48, heading, "soft"))
        most = max(values[number] for _, _, values in rows if values)
        for line, (_, kind, values) in enumerate(rows):
            y = TOP + line * BAR_ROW
            if not values:
                parts.append(_text(left, y + 13, "missing", "soft"))
                continue
            length = max(1.0, values[number] / most * PANEL)
            parts.append(f'<rect class="{kind}" x="{left}" y="{y}" width="{length:.1f}" height="16" rx="2"/>')
            parts.append(_text(left + length + 6, y + 13, form.format(values[number]), "text"))
    for line, (name, _, _) in enumerate(rows):
        parts.append(_text(NAMES - 12, TOP + line * BAR_ROW + 13, name, "text", anchor="end"))
    return _page(width, height, title, parts)


SMALL_WIDTH = 380
SMALL_HEIGHT = 190
MARGIN = 56


def lines(title: str, panels: list[dict]) -> str:
    """Small plots in two columns: heading, ticks (x, word), lines (name, [(x, y)]). x is logarithmic, y begins at 0."""
    width = 2 * (SMALL_WIDTH + MARGIN) + 36
    height = 50 + math.ceil(len(panels) / 2) * (SMALL_HEIGHT + 90)
    parts = [_text(16, 24, title, "text", weight="bold")]
    for number, panel in enumerate(panels):
        left, top = number % 2 * (SMALL_WIDTH + MARGIN), number // 2 * (SMALL_HEIGHT + 90)
        parts += _small(MARGIN + left, 78 + top, panel)
    return _page(width, height, title, parts)


def _small(left: int, top: int, panel: dict) -> list[str]:
    parts = [_text(left, top - 26, panel["heading"], "text")]
    most = _round_up(max(y for _, points in panel["lines"] for _, y in points))
    low = math.log(min(x for x, _ in panel["ticks"]))
    high = math.log(max(x for x, _ in panel["ticks"]))

    def place(x: float, y: float) -> tuple[float, float]:
        along = (math.log(x) - low) / (high - low)
        return left + along * SMALL_WIDTH, top + SMALL_HEIGHT * (1 - y / most)

    for step in range(5):
        y = top + SMALL_HEIGHT * step / 4
        parts.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{left + SMALL_WIDTH}" y2="{y:.1f}"/>')
        parts.append(_text(left - 6, y + 4, f"{most * (4 - step) / 4:,.4g}", "soft", anchor="end", size=11))
    for x, word in panel["ticks"]:
        parts.append(_text(place(x, 0)[0], top + SMALL_HEIGHT + 18, word, "soft", anchor="middle", size=11))
    for number, (name, points) in enumerate(panel["lines"]):
        suffix = "2" if number else ""
        places = [place(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="line{suffix}" points="{path}"/>')
        parts += [f'<circle class="dot{suffix}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        parts.append(
            f'<rect class="dot{suffix}" x="{left + number * 130}" y="{top + SMALL_HEIGHT + 30}" width="9" height="9"/>'
        )
        parts.append(_text(left + number * 130 + 15, top + SMALL_HEIGHT + 39, name, "soft", size=11))
    return parts


def _round_up(value: float) -> float:
    size = 10 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * size >= value)


def _text(x: float, y: float, text: str, kind: str, *, anchor="start", weight="normal", size=13) -> str:
    style = f'font-weight="{weight}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _page(width: int, height: int, title: str, parts: list[str]) -> str:
    box = f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    page = f'<rect class="page" width="{width}" height="{height}"/>'
    return "\n".join([opening, STYLE, page, *parts, "</svg>"]) + "\n"
