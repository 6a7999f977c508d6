"""The outside: one module for each partner, and the only callers of it."""
