"""Values of command-line flags."""

import argparse
from collections.abc import Callable, Sequence


def among(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Reads a comma-separated list of known words."""

    def read(words: str) -> list[str]:
        chosen = words.split(",")
        if unknown := set(chosen) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(known)}")
        return chosen

    return read
