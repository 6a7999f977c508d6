"""The documentation site: built from docs/, and the recording of the demo that it shows."""
