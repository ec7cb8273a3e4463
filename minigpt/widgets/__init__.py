"""Figures that can be touched: in the built page with no kernel, and in a notebook (JupyterLab, Colab).

Each class makes one figure; put it last in a cell. `quiz` makes check-yourself questions, `style` sets up matplotlib.

>>> from minigpt.widgets import Calculator
>>> Calculator()
Live figure: parameters and memory of a GPT-2-like model (needs JavaScript)
"""

from minigpt.widgets import style
from minigpt.widgets.figures import (
    Answers,
    Attention,
    BloomBits,
    BPEMerges,
    Calculator,
    Calibration,
    CostCalculator,
    ExampleCurves,
    FilterSwitches,
    GPT2Tokens,
    LambadaLadder,
    Likelihood,
    NextWord,
    PaperResults,
    Prompts,
    ResidualGrowth,
    RunExplorer,
    SchemaScores,
    TextOverlap,
    Writer,
)
from minigpt.widgets.questions import quiz

__all__ = [
    "Answers",
    "Attention",
    "BPEMerges",
    "BloomBits",
    "Calculator",
    "Calibration",
    "CostCalculator",
    "ExampleCurves",
    "FilterSwitches",
    "GPT2Tokens",
    "LambadaLadder",
    "Likelihood",
    "NextWord",
    "PaperResults",
    "Prompts",
    "ResidualGrowth",
    "RunExplorer",
    "SchemaScores",
    "TextOverlap",
    "Writer",
    "quiz",
    "style",
]
