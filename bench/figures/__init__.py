"""One module for each figure, each with a function `measure` that returns it."""
