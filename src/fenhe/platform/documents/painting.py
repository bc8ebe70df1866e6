"""Paint a chart as a PNG for documents that hold no vectors."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from fenhe.platform.documents.charts import RULE, Picture
from fenhe.platform.documents.fonts import REGULAR, path_of

DOTS_PER_INCH = 300
SCALE = DOTS_PER_INCH / 72
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png(picture: Picture) -> bytes:
    """Return ``picture`` as PNG at 300 dots an inch, the same bytes each time."""
    size = (round(picture.width * SCALE), round(picture.height * SCALE))
    image = Image.new("RGB", size, "#ffffff")
    draw = ImageDraw.Draw(image)
    for box in picture.boxes:
        left, top = box.x * SCALE, box.y * SCALE
        corner = (left + box.width * SCALE, top + box.height * SCALE)
        draw.rectangle(((left, top), corner), fill=box.colour, outline=RULE)
    for text in picture.texts:
        face = ImageFont.truetype(str(path_of(REGULAR)), round(text.size * SCALE))
        place = (text.x * SCALE, text.y * SCALE)
        draw.text(place, text.text, fill=text.colour, font=face, anchor=ANCHORS[text.anchor])
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return out.getvalue()
