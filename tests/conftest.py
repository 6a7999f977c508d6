from hypothesis import settings

# Time on a busy machine is noise, and a run is to be the same everywhere.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
