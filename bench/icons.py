"""Draw the icons of the site in the sizes that browsers request, from favicon.svg.

    python bench/icons.py

Writes favicon.ico (16, 32 and 48 pixels), apple-touch-icon.png, icon-192.png and icon-512.png into
the folder of static files. The drawing consists of rectangles only, which Pillow draws.
"""

import re
from pathlib import Path

from PIL import Image, ImageDraw

STATIC = Path(__file__).parents[1] / "src" / "broadsheet" / "web" / "static"
_UNITS = 32
_FINER = 8
_RECTANGLE = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)")


def main() -> None:
    drawing = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    sizes = (16, 32, 48)
    icons = [icon(drawing, size) for size in sizes]
    icons[-1].save(
        STATIC / "favicon.ico", sizes=[(size, size) for size in sizes], append_images=icons[:-1]
    )
    # Apple's devices cut the corners themselves and show what is transparent as black.
    touch = icon(drawing, 180, rounded=False).convert("RGB")
    touch.save(STATIC / "apple-touch-icon.png", optimize=True)
    for size in (192, 512):
        icon(drawing, size).save(STATIC / f"icon-{size}.png", optimize=True)


def icon(drawing: str, size: int, *, rounded: bool = True) -> Image.Image:
    """Return the drawing with a side of so many pixels."""
    side = size * _FINER
    scale = side / _UNITS
    ground, ink = re.findall(r'fill="(#[0-9a-f]{6})"', drawing)
    corner = re.search(r'rx="([\d.]+)"', drawing)
    radius = float(corner[1]) * scale if rounded and corner else 0
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=ground)
    for found in _RECTANGLE.finditer(drawing):
        x, y, width, height = (float(number) * scale for number in found.groups())
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=ink)
    return image.resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
