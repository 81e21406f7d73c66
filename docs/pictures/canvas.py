"""What pictures are drawn of: boxes, groups, cylinders, arrows and texts, written as SVG.

The same calls give the same bytes. Text has to fit where it is written, by an estimate of its width:
what does not is refused, since nobody looks at every picture after every change.
"""

import math
from xml.sax.saxutils import escape

# Of a picture's own, so that it is legible on a dark page as on a light one.
PAPER, INK, FAINT, EDGE = "#ffffff", "#1f2933", "#5b6773", "#9aa5b1"
FILLS = {"part": "#e8f1f8", "outside": "#f3f0e8", "kept": "#e9f3ea", "ended": "#f6e9e6"}

TITLE_SIZE, TEXT_SIZE = 13, 11
# Of a letter, in sizes of the font; a little more than those of the usual fonts.
TITLE_LETTER, TEXT_LETTER = 0.6, 0.55
LINE = 14
ARROW = 8
CORNER = 6


class Canvas:
    """A picture that is being drawn."""

    def __init__(self, width, height, title, description):
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" role="img" aria-labelledby="title description"'
            ' font-family="Helvetica, Arial, sans-serif">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
        ]

    def svg(self):
        return "\n".join([*self.parts, "</svg>"]) + "\n"

    def box(self, x, y, width, height, title, lines=(), kind="part"):
        """A box with a title and lines below it, all in its middle."""
        self.rectangle(x, y, width, height, FILLS[kind], INK)
        self.caption(x, y, width, height, title, lines)

    def cylinder(self, x, y, width, height, title, lines=()):
        """A database."""
        bend = 8
        right, top, bottom = x + width, y + bend, y + height - bend
        half = width / 2
        self.parts.append(
            f'<path d="M{x} {top} A{half:g} {bend} 0 0 1 {right} {top} V{bottom}'
            f' A{half:g} {bend} 0 0 1 {x} {bottom} Z" fill="{FILLS["kept"]}" stroke="{INK}"/>'
            f'<path d="M{x} {top} A{half:g} {bend} 0 0 0 {right} {top}" fill="none" stroke="{INK}"/>'
        )
        self.caption(x, y + bend, width, height - bend, title, lines)

    def group(self, x, y, width, height, title):
        """A frame around boxes, with a title at its foot; an arrow from it is one from each of them."""
        self.rectangle(x, y, width, height, "none", EDGE, ' stroke-dasharray="5 4"')
        self.text(x + 10, y + height - 9, title, width - 20, anchor="start")

    def rectangle(self, x, y, width, height, fill, stroke, more=""):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{CORNER}" fill="{fill}"'
            f' stroke="{stroke}"{more}/>'
        )

    def caption(self, x, y, width, height, title, lines):
        middle = x + width / 2
        first = y + (height - LINE * len(lines)) / 2 + TITLE_SIZE * 0.35
        self.title(middle, first, title, width - 8)
        for number, line in enumerate(lines, 1):
            self.text(middle, first + LINE * number, line, width - 8)

    def title(self, x, y, text, room, anchor="middle"):
        self.words(x, y, text, room, anchor, TITLE_SIZE, TITLE_LETTER, f'fill="{INK}" font-weight="600"')

    def text(self, x, y, text, room, anchor="middle"):
        self.words(x, y, text, room, anchor, TEXT_SIZE, TEXT_LETTER, f'fill="{FAINT}"')

    def words(self, x, y, text, room, anchor, size, letter, look):
        needed = len(text) * size * letter
        if needed > room:
            raise ValueError(f"{text!r} needs {needed:.0f} and has {room:g}")
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" {look}>{escape(text)}</text>'
        )

    def dot(self, x, y):
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="{INK}"/>')

    def arrow(self, *points, dashed=False, both=False):
        """A line through these points, with a head at its end, or at both."""
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        line = [list(point) for point in points]
        line[-1] = shortened(points[-2], points[-1])
        if both:
            line[0] = shortened(points[1], points[0])
        path = " ".join(f"{x:g},{y:g}" for x, y in line)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="1.3"{dashes}/>'
        )
        self.head(points[-2], points[-1])
        if both:
            self.head(points[1], points[0])

    def loop(self, x, y, width, depth):
        """An arrow from the lower edge of a box back to it."""
        end = x + width
        self.parts.append(
            f'<path d="M{x} {y} C{x} {y + depth} {end} {y + depth} {end} {y + ARROW}" fill="none"'
            f' stroke="{INK}" stroke-width="1.3"/>'
        )
        self.head((end, y + ARROW), (end, y))

    def head(self, start, end):
        (x, y), angle = end, math.atan2(end[1] - start[1], end[0] - start[0])
        corners = [(x, y)]
        for side in (-1, 1):
            corners.append((
                x - ARROW * math.cos(angle) + side * ARROW / 2 * math.sin(angle),
                y - ARROW * math.sin(angle) - side * ARROW / 2 * math.cos(angle),
            ))
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self.parts.append(f'<polygon points="{path}" fill="{INK}"/>')


def shortened(start, end):
    """Where a line ends that has a head: at its foot, so that its point stays sharp."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    return end[0] - ARROW * math.cos(angle), end[1] - ARROW * math.sin(angle)
