"""Write `docs/images/lab-<task>.png`: samples of every lab task at every level, with captions.

Run from the root of the repository: `python docs/draw_samples.py`. The last row of each sheet shows
the samples of the row of level 2 again, with the boxes of their regions.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from saccade import Sample, load_task
from saccade.tasks import TASKS

OUT = Path(__file__).parent / "images"
SIDE = 224
"""Side of a picture on the sheet: twice its own."""
GAP, MARGIN, LINE = 16, 24, 17
ACROSS = 4
"""Pictures in a row: four samples of one picture, two of two."""
INK, GREY, BLUE, EDGE = (34, 34, 34), (110, 110, 110), (20, 90, 190), (200, 200, 200)
BOX, TAG = (214, 0, 110), 13


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which is the same everywhere."""
    return ImageFont.load_default(size)


def wrapped(parts: Sequence[str], width: int, *, gap: str = " ") -> list[str]:
    """The parts in lines that fit a width; no part is broken."""
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]}{gap}{part}" if lines[-1] else part
        if font(14).getlength(longer) > width and lines[-1]:
            lines.append(part)
        else:
            lines[-1] = longer
    return lines


def pictures(sample: Sample, *, boxes: bool) -> list[Image.Image]:
    """A sample's pictures, twice as large, on request with its regions numbered."""
    large = [image.resize((SIDE, SIDE), Image.Resampling.LANCZOS) for image in sample.images]
    for number, region in enumerate(sample.regions if boxes else (), start=1):
        pen = ImageDraw.Draw(large[region.image])
        scale = SIDE / sample.images[region.image].width
        x0, y0, x1, y1 = (edge * scale for edge in region.box)
        pen.rectangle((x0, y0, min(x1, SIDE - 1), min(y1, SIDE - 1)), outline=BOX, width=2)
        pen.rectangle((x0, y0, x0 + TAG, y0 + TAG), fill=BOX)
        middle = (x0 + TAG / 2, y0 + TAG / 2)
        pen.text(middle, str(number), fill="white", font=font(11), anchor="mm")
    return large


def caption(sample: Sample, *, boxes: bool) -> list[tuple[str, tuple[int, int, int]]]:
    """Question and answer in lines, or the names of the numbered regions."""
    width = SIDE * len(sample.images) + GAP * (len(sample.images) - 1)
    if boxes:
        names = [f"{n}: {region.name}" for n, region in enumerate(sample.regions, start=1)]
        return [(line, BOX) for line in wrapped(names, width, gap="    ")]
    question = wrapped(sample.question.split(), width)
    return [*((line, INK) for line in question), (sample.answer, BLUE)]


def row(samples: Sequence[Sample], title: str, *, boxes: bool) -> Image.Image:
    """Samples side by side under a title, each over its caption."""
    captions = [caption(sample, boxes=boxes) for sample in samples]
    height = 26 + SIDE + 8 + LINE * max(map(len, captions)) + 18
    sheet = Image.new("RGB", (ACROSS * (SIDE + GAP) - GAP, height), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((0, 2), title, fill=GREY, font=font(15))
    x = 0
    for sample, lines in zip(samples, captions, strict=True):
        for number, (line, ink) in enumerate(lines):
            pen.text((x, 26 + SIDE + 8 + LINE * number), line, fill=ink, font=font(14))
        for picture in pictures(sample, boxes=boxes):
            sheet.paste(picture, (x, 26))
            pen.rectangle((x, 26, x + SIDE - 1, 26 + SIDE - 1), outline=EDGE)
            x += SIDE + GAP
    return sheet


def contact_sheet(name: str) -> Image.Image:
    """All rows of one task."""
    count = ACROSS // len(load_task(name, limit=1)[0].images)
    rows = [
        row(list(load_task(name, level=level, limit=count)), f"level {level}", boxes=False)
        for level in (1, 2, 3)
    ]
    again = list(load_task(name, level=2, limit=count))
    rows.append(row(again, "level 2 again, with its regions", boxes=True))
    size = (rows[0].width + 2 * MARGIN, sum(r.height for r in rows) + 2 * MARGIN - 12)
    sheet, y = Image.new("RGB", size, "white"), MARGIN
    for part in rows:
        sheet.paste(part, (MARGIN, y))
        y += part.height
    return sheet


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for task in TASKS:
        contact_sheet(task).save(OUT / f"{task.replace('/', '-')}.png", optimize=True)
