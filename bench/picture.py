"""Draw the figures of latency.py.

    python bench/latency.py DUMP --json >measured.json
    python bench/picture.py measured.json docs/latency.svg

Three charts: the median and the 99th percentile of the query time by number of papers, on
logarithmic axes, and for the largest number the share of papers found by median time. Broadsheet is
in colour, other engines in grey; each line is labelled at its end.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Sizes = Mapping[str, Mapping[str, Mapping[str, float]]]
"""The figures of latency.py by number of papers and engine."""

OURS, _OTHERS, _TEXT = "#a8321e", "#8a8a86", "#33332f"
_LABEL_GAP = 0.062
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _OTHERS,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "text.color": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
    "svg.hashsalt": "broadsheet",
    "svg.fonttype": "none",
}


def main() -> None:
    """Draw a file of figures."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: picture.py FIGURES.json FILE.svg")
    draw_growth(orjson.loads(Path(sys.argv[1]).read_bytes())["sizes"], Path(sys.argv[2]))


def draw_growth(sizes: Sizes, path: Path) -> None:
    """Draw query time and quality by number of papers.

    Parameters
    ----------
    sizes : mapping
        The figures, for one size or more.
    path : Path
        An SVG or PNG file, by its ending.

    Raises
    ------
    SystemExit
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise SystemExit("the chart needs matplotlib: pip install matplotlib") from None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 3.9), layout="constrained")
        median, slowest, quality = figure.subplots(1, 3)
        _lines(median, sizes, "p50_ms", "Median of a query, ms")
        _lines(slowest, sizes, "p99_ms", "99th percentile, ms")
        _points(quality, sizes)
        figure.savefig(path, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)


def _lines(axes: "Axes", sizes: Sizes, measure: str, title: str) -> None:
    counts = sorted(sizes, key=int)
    ends = {}
    for engine in sizes[counts[-1]]:
        points = [(int(n), sizes[n][engine][measure]) for n in counts if engine in sizes[n]]
        ours = engine.startswith("broadsheet")
        axes.plot(
            *zip(*points, strict=True),
            color=OURS if ours else _OTHERS,
            linewidth=2 if ours else 1.2,
            linestyle="--" if engine.endswith("http") else "-",
            marker="o",
            markersize=3,
        )
        ends[engine] = points[-1][1]
    axes.set(title=title, xscale="log", yscale="log", xlabel="papers")
    axes.set_xticks([int(n) for n in counts], [f"{int(n):,}" for n in counts])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    _name_ends(axes, ends)


def _name_ends(axes: "Axes", ends: Mapping[str, float]) -> None:
    low, high = (math.log10(limit) for limit in axes.get_ylim())
    engines = sorted(ends, key=lambda engine: ends[engine])
    places = [(math.log10(ends[engine]) - low) / (high - low) for engine in engines]
    for engine, place in zip(engines, _spread(places), strict=True):
        axes.annotate(
            engine,
            (1.02, place),
            xycoords="axes fraction",
            va="center",
            fontsize=8,
            color=OURS if engine.startswith("broadsheet") else _TEXT,
        )


def _points(axes: "Axes", sizes: Sizes) -> None:
    largest = max(sizes, key=int)
    # The same papers are found over HTTP, so one point is enough.
    rows = {name: row for name, row in sizes[largest].items() if not name.endswith("http")}
    engines = sorted(rows, key=lambda engine: rows[engine]["p50_ms"])
    axes.set(title="Found among the first ten", xscale="log", xlabel="median of a query, ms")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.margins(0.25, 0.12)
    for place, engine in enumerate(engines):
        ours, point = engine == "broadsheet", (rows[engine]["p50_ms"], rows[engine]["found_at_10"])
        axes.plot(*point, "o", color=OURS if ours else _OTHERS)
        axes.annotate(
            engine,
            point,
            xytext=(0, -13 if place % 2 else 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=OURS if ours else _TEXT,
        )


def _spread(places: Sequence[float]) -> list[float]:
    """Separate ascending positions until labels do not overlap, each by as little as possible."""
    moved = list(places)
    for _ in range(200):
        for left in range(len(moved) - 1):
            lack = _LABEL_GAP - (moved[left + 1] - moved[left])
            if lack > 0:
                moved[left] -= lack / 2
                moved[left + 1] += lack / 2
    return moved


if __name__ == "__main__":
    main()
