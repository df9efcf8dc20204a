"""The one error type of the lab: a sentence for a person, no traceback."""


class LabError(Exception):
    """Something the lab needs is missing or did not work; the text says what and, where known, what to do."""
