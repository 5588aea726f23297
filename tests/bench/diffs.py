"""Applies one diff with `git apply` and with `patch -p1`, and says what became of the tree."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

FILES = re.compile(rb"^--- a/([^\t\n]+)[^\n]*\n\+\+\+ b/\1\t?[^\n]*\n@@ ", re.MULTILINE)


@dataclass(frozen=True)
class Chunk:
    """Lines `first` to `last` of a file, whole statements, and what the mutation put in their place.

    `indent` is that of the class they are members of, and empty for statements of the module.
    """

    file: str
    first: int
    last: int
    indent: str
    text: str

    def standing_alone(self) -> bytes:
        """The text in a place where it compiles as it does in its file: between members of its indentation."""
        text = self.text
        if self.indent:
            text = f"class _:\n{self.indent}pass\n{text}{self.indent}pass\n"
        return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Applied:
    """What one diff did. `content` and `meaning` are digests of the changed files and of their syntax trees."""

    id: str
    git_accepts: bool
    patch_agrees: bool
    reverses: bool
    content: str
    meaning: str
    changes_meaning: bool
    chunks: list[Chunk]


class Tree:
    """A private copy of a package in which diffs are applied and taken back."""

    def __init__(self, source: Path, parent: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=parent))
        shutil.copytree(source, self.folder, dirs_exist_ok=True)
        self.environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        self.originals: dict[str, Original] = {}
        # Without a repository here git would look for one further up, and skip every file outside of it.
        self.run("git", "init", "--quiet", ".")

    def run(self, *command: str, text: bytes = b"") -> bool:
        done = subprocess.run(command, input=text, cwd=self.folder, env=self.environment, capture_output=True)
        return done.returncode == 0 and b"(offset " not in done.stdout

    def original(self, file: str) -> "Original":
        if file not in self.originals:
            self.originals[file] = Original((self.folder / file).read_bytes())
        return self.originals[file]

    def apply(self, identity: str, patch: str) -> Applied:
        """Applies the diff with both tools and takes it back with git; the tree is as before afterwards."""
        text = patch.encode()
        files = sorted(match.decode() for match in FILES.findall(text) if (self.folder / match.decode()).is_file())
        befores = {file: self.original(file) for file in files}
        git_accepts = bool(files) and self.run("git", "apply", "--whitespace=nowarn", "-", text=text)
        by_git = {file: (self.folder / file).read_bytes() for file in files}
        reverses = git_accepts and self.run("git", "apply", "--whitespace=nowarn", "-R", "-", text=text)
        reverses = reverses and all((self.folder / f).read_bytes() == befores[f].data for f in files)
        self.restore(befores)
        accepts = self.run("patch", "-p1", "--batch", "--fuzz=0", "--no-backup-if-mismatch", text=text)
        patch_agrees = accepts and all((self.folder / f).read_bytes() == by_git[f] for f in files)
        self.restore(befores)
        chunks = [befores[file].chunk(file, by_git[file]) for file in files] if git_accepts else []
        meanings = [befores[chunk.file].meanings(chunk) for chunk in chunks]
        return Applied(
            identity, git_accepts, patch_agrees, reverses,
            content=digest(*(part for f in files for part in (f.encode(), by_git[f]))),
            meaning=digest(*(f"{c.file}:{c.first} {new}".encode() for c, (_, new) in zip(chunks, meanings))),
            changes_meaning=any(old != new for old, new in meanings),
            chunks=chunks,
        )

    def restore(self, befores: dict[str, "Original"]) -> None:
        for file, before in befores.items():
            if (self.folder / file).read_bytes() != before.data:
                (self.folder / file).write_bytes(before.data)


class Original:
    """An untouched file, and where its statements begin and end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.lines = data.splitlines(keepends=True)
        self.dumps: dict[tuple[int, int], str] = {}
        try:
            self.body = quiet_parse(data).body
        except (SyntaxError, ValueError):
            self.body = []  # then the whole file is one chunk

    def chunk(self, file: str, mutated: bytes) -> Chunk:
        """The smallest run of whole statements, of the module or of one class, that holds every changed line."""
        new = mutated.splitlines(keepends=True)
        shortest = min(len(self.lines), len(new))
        head = next((i for i in range(shortest) if self.lines[i] != new[i]), shortest)
        tail = next((i for i in range(shortest - head) if self.lines[-1 - i] != new[-1 - i]), shortest - head)
        changed = (head + 1, len(self.lines) - tail)
        if changed[1] < changed[0]:  # lines were only added: between these two
            changed = (max(head, 1), min(head + 1, len(self.lines)))
        first, last, around, indent = 1, max(len(self.lines), 1), self.body, ""
        for statement in self.body:
            start, end = span(statement)
            if end < changed[0]:
                first = end + 1
            elif start > changed[1]:
                last = start - 1
                break
            elif isinstance(statement, ast.ClassDef) and start < span(statement.body[0])[0] <= changed[0]:
                around = statement.body if changed[1] <= end else around
        if around is not self.body:
            first, last, indent = self.members(around, changed)
        text = b"".join(new[first - 1 : len(new) - (len(self.lines) - last)])
        return Chunk(file, first, last, indent, text.decode("utf-8", "surrogateescape"))

    def members(self, body: list[ast.stmt], changed: tuple[int, int]) -> tuple[int, int, str]:
        """The same within a class: first line, last line, indentation."""
        first, last = span(body[0])[0], span(body[-1])[1]
        for statement in body:
            start, end = span(statement)
            if end < changed[0]:
                first = end + 1
            elif start > changed[1]:
                last = start - 1
                break
        line = self.lines[span(body[0])[0] - 1].decode("utf-8", "surrogateescape")
        return first, last, line[: len(line) - len(line.lstrip())]

    def meanings(self, chunk: Chunk) -> tuple[str, str]:
        """The syntax trees of the chunk before and after, as digests; its bytes where it cannot stand alone."""
        key = (chunk.first, chunk.last)
        if key not in self.dumps:
            before = b"".join(self.lines[chunk.first - 1 : chunk.last]).decode("utf-8", "surrogateescape")
            self.dumps[key] = dump(replace(chunk, text=before).standing_alone())
        return self.dumps[key], dump(chunk.standing_alone())


def span(statement: ast.stmt) -> tuple[int, int]:
    """First and last line, decorators included."""
    decorators = [d.lineno for d in getattr(statement, "decorator_list", [])]
    return min([statement.lineno, *decorators]), statement.end_lineno or statement.lineno


def quiet_parse(data: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(data)


def dump(data: bytes) -> str:
    try:
        return digest(ast.dump(quiet_parse(data)).encode())
    except (SyntaxError, ValueError, RecursionError):
        return digest(data)


def digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()
