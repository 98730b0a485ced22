"""The pieces of a page that needs nothing but itself: style, sections, tables, embedded pictures, escaped text."""

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template

from PIL import Image

from .chart import STYLE as CHART_STYLE
from .timelapse import COMFORTABLE

EXACT = 0.6                                  # bytes per pixel of the allowed size: above, a picture is made a JPEG

# The policy makes the browser refuse scripts and requests, should a hostile name ever slip through the escaping.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
""")

STYLE = """
:root { --paper: #fdfcfa; --ink: #1c1e21; --quiet: #5b626a; --rule: #e4e1db; --wash: #f4f2ed; --accent: #a8430c;
  --good: #17683f; --bad: #b3261e; --serif: "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
@media (prefers-color-scheme: dark) { :root { --paper: #131518; --ink: #e7e9eb; --quiet: #9da5ae; --rule: #2b2f35;
  --wash: #1b1e23; --accent: #f39a63; --good: #6fd0a0; --bad: #ff8f85 } }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Liberation Sans", sans-serif }
main { max-width: 70rem; margin: 0 auto; padding: 3.5rem 2rem 4rem }
h1, h2 { font-family: var(--serif); font-weight: 500; line-height: 1.15; text-wrap: balance }
h1 { font-size: clamp(2rem, 1.4rem + 2.6vw, 3.25rem); letter-spacing: -.015em; margin: .35rem 0 .9rem }
h1 span { color: var(--quiet) }
h2 { font-size: 1.3rem; margin: 0 }
h3 { font-size: .95rem; font-weight: 600; margin: 2rem 0 .5rem }
h3:first-child { margin-top: 0 }
p { margin: 0 0 .9rem; max-width: 42rem }
a { color: inherit; text-decoration-color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: 1px }
a:hover { color: var(--accent) }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.quiet, figcaption, caption { color: var(--quiet) }
.state { font-size: .9rem; color: var(--quiet); margin: 0 }
.state b { color: var(--ink); font-weight: 600 }
.state i { display: inline-block; width: .55em; height: .55em; border-radius: 50%; margin: 0 .35em 0 .5em }
.finished i { background: var(--good) } .running i { background: var(--accent) }
.interrupted i { background: var(--accent) } .failed i { background: var(--bad) }
.paper { max-width: none }
.notice { border-left: 3px solid var(--accent); padding: .1rem 0 .1rem 1rem; margin: 1.5rem 0 }
section { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0 2.5rem; border-top: 1px solid var(--rule);
  padding: 2rem 0 2.25rem }
section > div > :last-child { margin-bottom: 0 }
dl.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1.1rem 1.5rem; margin: 2rem 0 2.25rem }
.facts dt { font-size: .8rem; color: var(--quiet) }
.facts dd { margin: .05rem 0 0; font-size: 1.1rem; font-variant-numeric: tabular-nums }
dl.list { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.5rem; margin: 0 }
.list, table { font-size: .92rem; font-variant-numeric: tabular-nums }
.list dt { color: var(--quiet) } .list dd { margin: 0; overflow-wrap: anywhere }
figure { margin: 0; min-width: 0 }
figure img { display: block; width: 100%; height: auto; border-radius: 3px; box-shadow: 0 0 0 1px var(--rule) }
section > div > figure + figure { margin-top: 2rem }
figcaption { font-size: .85rem; margin-top: .5rem; font-variant-numeric: tabular-nums }
.pair, .strip, .charts { display: grid; gap: 1.75rem 1.5rem }
.pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); align-items: start; margin: 0 0 2.5rem }
.pair figure { max-width: 34rem }
.strip p { align-self: center; text-align: center }
.strip { grid-template-columns: repeat(auto-fill, minmax(min(46%, 15rem), 1fr)) }
.charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); gap: 2.25rem 2rem }
.zc { display: block; width: 100%; height: auto }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin: 0 0 1rem }
th, td { text-align: left; vertical-align: baseline; padding: .38rem 1.25rem .38rem 0 }
tr { border-bottom: 1px solid var(--rule) }
th:last-child, td:last-child { padding-right: 0 }
td a, th a { overflow-wrap: anywhere }
thead th { font-weight: 400; font-size: .8rem; color: var(--quiet) }
tbody th { font-weight: 500 }
.number { text-align: right; white-space: nowrap }
td small, th small, .note { color: var(--quiet); font-size: .85rem }
.note { max-width: none }
.settings tbody th, .settings td { font-family: var(--mono); font-size: .84rem; overflow-wrap: anywhere }
.settings td:nth-child(3) { color: var(--quiet) }
.settings td:last-child { color: var(--quiet); font: inherit; font-size: .85rem }
.settings table { table-layout: fixed }
.settings th:first-child { width: 21% } .settings th:nth-child(2), .settings th:nth-child(3) { width: 13% }
tr.changed th, tr.changed td:nth-child(2) { color: var(--accent); font-weight: 700 }
.compared tbody th { min-width: 8.5rem }
.warning { color: var(--accent) }
pre { background: var(--wash); border-radius: 4px; padding: .7rem .9rem; margin: 0 0 1.1rem;
  font: .86rem/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; user-select: all }
p + pre { margin-top: -.4rem }
code { font: .9em var(--mono); overflow-wrap: anywhere }
footer { border-top: 1px solid var(--rule); padding-top: 1rem; font-size: .85rem; color: var(--quiet) }
@media screen and (max-width: 48rem) {
  main { padding: 1.75rem 1.15rem 2.5rem }
  section { display: block; padding: 1.6rem 0 1.75rem } h2 { margin-bottom: 1rem }
  dl.facts { grid-template-columns: repeat(2, 1fr); gap: .9rem 1rem; margin: 1.5rem 0 }
  .settings td:last-child, .settings th:last-child { display: none } .settings th:nth-child(-n+3) { width: auto }
  .strip { gap: 1.1rem .9rem } th, td { padding-right: .7rem; vertical-align: top }
  td a, th a { display: inline-block; min-width: 6.5rem }
  .zc text { font-size: 14px } .zc .title { font-size: 16px }
}
@media (prefers-reduced-motion: reduce) { .motion { display: none } }
@media print {
  :root { --paper: #fff; --ink: #000; font-size: 11px } body { font-size: 1rem }
  main { max-width: none; padding: 0 } section { display: block } h2 { margin-bottom: 1rem } .motion { display: none }
  .strip { grid-template-columns: repeat(3, 1fr) } .charts { grid-template-columns: 1fr 1fr }
  figure, .zc, tr, pre { break-inside: avoid } h2, h3 { break-after: avoid }
}
"""


def page(title: str, body: str) -> str:
    """A whole HTML document; `body` is markup, `title` is text."""
    return _PAGE.substitute(title=escape(title), style=CHART_STYLE + STYLE, body=body)


def section(title: str, *parts: str) -> str:
    """A titled part of the page; `parts` are markup."""
    return f"<section>\n<h2>{escape(title)}</h2>\n<div>\n" + "\n".join(parts) + "\n</div>\n</section>"


def paragraph(text: str, style: str = "") -> str:
    """Text as a paragraph."""
    return f'<p class="{style}">{escape(text)}</p>' if style else f"<p>{escape(text)}</p>"


def command(text: str, what: str = "") -> str:
    """Lines to copy, under a sentence that says what they do."""
    return (paragraph(what) if what else "") + f"<pre><code>{escape(text)}</code></pre>"


def definitions(pairs: Iterable[tuple[str, str]], style: str = "list") -> str:
    """Names with values, as text; those without a value are left out."""
    rows = [f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" if style == "facts" else
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs if value]
    return f'<dl class="{style}">' + "\n".join(rows) + "</dl>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = (),
          changed: Sequence[int] = (), style: str = "wide") -> str:
    """A table of markup cells: the first of each row is its heading, the columns in `numbers` stand right, and the
    rows in `changed` stand out."""
    def cell(index: int, content: str, is_head: bool = False) -> str:
        kind = "th" if is_head or index == 0 else "td"
        scope = ' scope="col"' if is_head else ' scope="row"' if index == 0 else ""
        align = ' class="number"' if index in numbers else ""
        return f"<{kind}{scope}{align}>{content}</{kind}>"

    top = "".join(cell(i, escape(name), True) for i, name in enumerate(head))
    body = "\n".join(('<tr class="changed">' if number in changed else "<tr>")
                     + "".join(cell(i, c) for i, c in enumerate(row)) + "</tr>" for number, row in enumerate(rows))
    return f'<div class="{style}"><table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def figure(source: str, alt: str, caption: str, link: str, moves: bool = False) -> str:
    """An embedded picture with its caption, linked to its file; one that moves is hidden from readers who ask so."""
    style = ' class="motion"' if moves else ""
    return (f'<figure{style}><a href="{escape(link)}"><img src="{source}" alt="{escape(alt)}"></a>'
            f"<figcaption>{escape(caption)}</figcaption></figure>")


def embedded(path: Path, side: int) -> str | None:
    """The picture as a data address, at most `side` pixels wide and high; None where it cannot be read."""
    try:
        with Image.open(path) as image:
            image.load()
            if max(image.size) > side:
                image.thumbnail((side, side), Image.Resampling.LANCZOS)
            file = BytesIO()
            image.save(file, "PNG", optimize=True)
            kind = "png"
            if file.tell() > EXACT * side ** 2:
                file, kind = BytesIO(), "jpeg"
                image.convert("RGB").save(file, "JPEG", quality=88, subsampling=0)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):     # what Pillow raises for a bad file
        return None
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def embedded_movie(path: Path) -> str | None:
    """The GIF as a data address; None where there is none, or it is too large for a page."""
    if not path.is_file() or path.stat().st_size > 2 * COMFORTABLE:
        return None
    blob = path.read_bytes()
    return f"data:image/gif;base64,{base64.b64encode(blob).decode()}" if blob[:4] == b"GIF8" else None


def reference(address: str) -> str:
    """Where a paper is: the arXiv page of an id, a web address as it is, and nothing for anything else."""
    if re.fullmatch(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}", address):
        return f"https://arxiv.org/abs/{address}"
    return address if re.match(r"https?://", address) else ""
