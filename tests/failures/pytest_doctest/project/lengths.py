def metres(feet):
    """Converts a length.

    >>> metres(0)
    0.0
    >>> round(metres(100), 2)
    30.84
    """
    return feet * 0.3048
