"""Does the checker see what is wrong with a diff?  python3 -m unittest discover tests/bench"""

from __future__ import annotations

import difflib
import sys
import tempfile
import unittest
from pathlib import Path

from soundness import Verdict, judge

SOURCE = '''\
import os


class Box:
    """A box."""

    @property
    def size(self):
        return (1 + 2)

    def grow(self, by):
        if by:
            return self.size + by
        return 0


LIMIT = 3
'''


def diff(mutated: str, before: str = SOURCE) -> str:
    lines = difflib.unified_diff(before.splitlines(True), mutated.splitlines(True), "a/box.py", "b/box.py")
    return "".join(lines)


class Soundness(unittest.TestCase):
    def judged(self, *patches: str) -> Verdict:
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "tree"
            tree.mkdir()
            (tree / "box.py").write_text(SOURCE)
            numbered = [(str(number), patch) for number, patch in enumerate(patches)]
            return judge(tree, numbered, Path(folder) / "work", {"this": sys.executable})

    def test_a_sound_diff_passes_every_question(self) -> None:
        verdict = self.judged(diff(SOURCE.replace("1 + 2", "1 - 2")))
        self.assertEqual(verdict, Verdict(checked=1, compiled_by=["this"], does_not_compile={"this": []}))

    def test_a_diff_of_another_file_does_not_apply(self) -> None:
        changed = SOURCE.replace("self.size + by", "self.area + by")
        self.assertEqual(self.judged(diff(changed.replace("+", "-"), before=changed)).rejected_by_git, ["0"])

    def test_a_diff_of_no_known_file_does_not_apply(self) -> None:
        elsewhere = diff(SOURCE.replace("1 + 2", "1 - 2")).replace("box.py", "bag.py")
        self.assertEqual(self.judged(elsewhere).rejected_by_git, ["0"])

    def test_a_hunk_at_the_wrong_line_does_not_apply(self) -> None:
        moved = diff(SOURCE.replace("LIMIT = 3", "LIMIT = 4")).replace("@@ -14", "@@ -12")
        self.assertEqual(self.judged(moved).not_applying, 1)

    def test_what_a_parser_accepts_may_still_not_compile(self) -> None:
        outside = SOURCE.replace("LIMIT = 3", "return 3")
        indented = SOURCE.replace("    def grow", "   def grow")
        member = SOURCE.replace("        return 0\n", "        break\n")
        verdict = self.judged(diff(outside), diff(indented), diff(member))
        self.assertEqual(verdict.does_not_compile, {"this": ["0", "1", "2"]})

    def test_the_same_change_twice_is_a_duplicate(self) -> None:
        patch = diff(SOURCE.replace("return 0", "return 1"))
        self.assertEqual(self.judged(patch, patch).same_content, ["1"])

    def test_the_same_change_in_another_layout_is_a_duplicate_of_the_syntax_tree(self) -> None:
        verdict = self.judged(*(diff(SOURCE.replace("return 0", new)) for new in ("return 1", "return (1)")))
        self.assertEqual((verdict.same_content, verdict.same_meaning), ([], ["1"]))

    def test_a_change_of_layout_alone_changes_nothing(self) -> None:
        verdict = self.judged(*(diff(SOURCE.replace(*new)) for new in (("(1 + 2)", "1 + 2"), ("= 3", "= (3)"))))
        self.assertEqual(verdict.changes_nothing, ["0", "1"])

    def test_the_same_change_in_two_places_is_no_duplicate(self) -> None:
        patches = (diff(SOURCE.replace(old, "pass")) for old in ("return 0", "return self.size + by"))
        self.assertEqual(self.judged(*patches).same_meaning, [])


if __name__ == "__main__":
    unittest.main()
