"""The project beside what its users would take instead, measured on the same work in one run.

figure.py       what one figure is made of: tables, goals, plots, and how it was taken
figures/        one module for each figure, each with a function `measure`
peers/          what users would take instead, each written as its own documentation says
virtual/        AWS around a peer on virtual time, where the simulation's model has no part for it
document.py     docs/bench.md and its plots, from the results
__main__.py     `make bench`
"""
