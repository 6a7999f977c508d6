"""The services around the handler, and the people who deploy: each module is one of them."""
