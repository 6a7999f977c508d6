"""How a release is made, and on what it is tested: `make release` and `make matrix`."""
