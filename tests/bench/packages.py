"""The real packages that both sides work on: sdists of PyPI, pinned by digest in `packages.txt`."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

PINNED = re.findall(
    r"^(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})$", Path(__file__).with_name("packages.txt").read_text(), re.MULTILINE
)
NAMES = [name for name, _, _ in PINNED]


@dataclass(frozen=True)
class Package:
    """One unpacked sdist."""

    name: str
    version: str
    digest: str
    tree: Path

    @property
    def peer_name(self) -> str:
        """The folder name that the peer asks for: owner, repository and eight digits of a commit."""
        return f"pypi__{self.name}.{self.digest[:8]}"

    @property
    def oldest_python(self) -> tuple[int, ...]:
        """The lowest version that the package's own `Requires-Python` names."""
        metadata = (self.tree / "PKG-INFO").read_text(encoding="utf-8")
        found = re.search(r"^Requires-Python:.*?>=\s*([\d.]+)", metadata, re.MULTILINE)
        return tuple(int(part) for part in found[1].split(".")) if found else (3, 0)


def fetch(folder: Path, pip: list[str]) -> list[Package]:
    """Downloads what is not there yet, checks every digest and unpacks into `folder`."""
    return [fetch_one(folder, pip, *entry) for entry in PINNED]


def fetch_one(folder: Path, pip: list[str], name: str, version: str, digest: str) -> Package:
    sdist = folder / f"{name}-{version}.tar.gz"
    if not sdist.exists():
        folder.mkdir(parents=True, exist_ok=True)
        requirement = folder / f"{name}.txt"
        requirement.write_text(f"{name}=={version} --hash=sha256:{digest}\n")
        options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--dest", str(folder)]
        subprocess.run([*pip, "download", *options, "-r", str(requirement)], check=True)
    found = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if found != digest:
        raise SystemExit(f"bench: {sdist} has the digest {found}, not {digest}; remove it and run again")
    tree = folder / f"{name}-{version}"
    shutil.rmtree(tree, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)
    return Package(name, version, digest, tree)


def copy_in_another_order(tree: Path, target: Path) -> Path:
    """Copies a tree creating its files last to first, so that the folder lists them in another order."""
    shutil.rmtree(target, ignore_errors=True)
    for source in sorted((path for path in tree.rglob("*") if path.is_file()), reverse=True):
        place = target / source.relative_to(tree)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    return target
