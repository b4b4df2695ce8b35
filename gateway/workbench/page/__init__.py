"""The page of a backtest: data in, one self-contained HTML file out."""

from gateway.workbench.page.document import PLOTS, write_page

__all__ = ["PLOTS", "write_page"]
