"""The version of the library, which every run and every score carries."""

__version__ = "0.1.0"
