"""MissingPart: something that the root needs is not where it comes from."""


class MissingPart(Exception):
    """Its text names the part."""
