"""Run folders: training into one, going on with one, and everything a person looks at in one."""

from .plan import Plan, construct, create, plan
from .run import Run
from .train import load, resume, train

__all__ = ["Plan", "Run", "construct", "create", "load", "plan", "resume", "train"]
