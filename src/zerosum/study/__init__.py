"""Studies: systems x hyper-parameters x seeds x data at equal budgets, resumable, with one table and its figures."""

from .run import Study, run_study
from .sheet import Sheet, read_sheet

__all__ = ["Sheet", "Study", "read_sheet", "run_study"]
