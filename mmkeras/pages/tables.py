"""Tables of a page: names to the left, numbers to the right, shares as bars or as shades."""

from __future__ import annotations

from collections.abc import Sequence

from mmkeras.pages.document import e, scrolling

Cell = str | tuple[str, float]  # what is said, and the share (0 to 1) of its bar


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The first cell of a row is its heading; "" as the first of the head is said to be so."""
    columns = "".join(f'<th scope="col">{e(name) or "<span></span>"}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{e(row[0])}</th>{"".join(map(_cell, row[1:]))}</tr>' for row in rows
    )
    return scrolling(
        f'<table class="figures"><caption>{e(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table>",
        caption,
    )


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f"<td>{e(cell)}</td>"
    said, share = cell
    return f'<td class="barred">{e(said)}<i style="--share:{_within(share):.3f}"></i></td>'


def shaded(caption: str, corner: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A square of counts, each shaded by its share of its row; the diagonal is framed."""
    head = f'<th scope="col">{e(corner)}</th>'
    head += "".join(f'<th scope="col"><span>{e(name)}</span></th>' for name in names)
    rows = []
    for place, (name, row) in enumerate(zip(names, counts, strict=True)):
        total = max(sum(row), 1)
        cells = "".join(
            f'<td{" class=same" if place == at else ""} style="--share:{count / total:.3f}">'
            f"{count or '<span class=zero>0</span>'}</td>"
            for at, count in enumerate(row)
        )
        rows.append(f'<tr><th scope="row">{e(name)}</th>{cells}</tr>')
    return scrolling(
        f'<table class="shaded"><caption>{e(caption)}</caption><thead><tr>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>",
        caption,
    )


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
