"""Python warns of this when it compiles it, and only then."""

PATTERN = "\d"
