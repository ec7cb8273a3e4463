"""One look for the book's plots: they stand on white and on dark pages, and the colour-blind can tell the lines apart.

>>> from minigpt.widgets import style
>>> style.use()
"""

from __future__ import annotations

GREY = "#767676"  # 4.5 : 1 on white, 4.1 : 1 on #121212: one figure serves both, its background is transparent
# After Okabe and Ito (2008), shifted so that each has 3 : 1 or more on white and on #121212.
BLUE, ORANGE, GREEN, PINK, SKY, AMBER = "#0a7cc0", "#d55e00", "#009068", "#c0669a", "#3d96d1", "#a07800"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, AMBER)
LINES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))


def use() -> None:
    """Set matplotlib's defaults for the book. Lines differ in colour and in their dashes."""
    import matplotlib as mpl
    from cycler import cycler

    grey = (
        "text.color",
        "axes.labelcolor",
        "axes.edgecolor",
        "axes.titlecolor",
        "xtick.color",
        "ytick.color",
        "legend.labelcolor",
    )
    mpl.rcParams.update(dict.fromkeys(grey, GREY))
    mpl.rcParams.update(
        {
            "figure.figsize": (7.0, 3.8),
            "figure.dpi": 110,
            "figure.facecolor": "none",
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "none",
            "savefig.edgecolor": "none",
            "axes.facecolor": "none",
            "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=LINES),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.titlesize": "medium",
            "grid.color": GREY,
            "grid.alpha": 0.25,
            "grid.linewidth": 0.8,
            "lines.linewidth": 2.0,
            "lines.solid_capstyle": "round",
            "legend.frameon": False,
            "font.size": 11.0,
            "image.cmap": "cividis",
            "hatch.color": GREY,
            "svg.hashsalt": "minigpt",
        }
    )
