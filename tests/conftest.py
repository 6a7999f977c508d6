import os

from hypothesis import settings

from local_cloud import environment

# The machine's presets reach no test: what a test needs of the environment, it sets. Homes and temporary files lie in
# the checkout, and jsii runs on the Node.js that the project installs.
_kept = {name: os.environ[name] for name in ("TERM", "COLUMNS") if name in os.environ}
os.environ.clear()
os.environ.update(environment.base(environment.CHECKOUT / ".local" / "test") | _kept)

# Time on a busy machine is noise, and a run is to be the same everywhere.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
