"""Every status of an export and of a generation job, with what it means. Tests hold them against botocore's model."""

# Whether an export has failed, and whether it is running.
OF_EXPORTS = {
    "CREATE_PENDING": (False, True),
    "CREATE_IN_PROGRESS": (False, True),
    "CREATE_FAILED": (True, False),
    "ACTIVE": (False, False),
}
# Whether a generation job may still become ACTIVE.
OF_JOBS = {
    "CREATE_PENDING": True,
    "CREATE_IN_PROGRESS": True,
    "CREATE_FAILED": False,
    "ACTIVE": False,
    "DELETE_PENDING": False,
    "DELETE_IN_PROGRESS": False,
    "DELETE_FAILED": False,
}
