"""The peers: llama.cpp prebuilt in an npm package, PyTorch and transformers in a virtual environment of their own."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

LLAMA_CPP = "@node-llama-cpp/linux-x64@3.22.1"
PYTORCH = ["torch==2.11.0", "transformers==5.24.0", "numpy==2.4.6"]


def described(part: str) -> str:
    return {"inference": f"llama.cpp as npm's {LLAMA_CPP} carries it", "training": ", ".join(PYTORCH[:2])}.get(part, "none")


def llama_cpp(given: Path | None, folder: Path) -> Path:
    """The folder with llama.cpp's libraries."""
    if given is not None:
        return given.absolute()
    libraries = folder / "llama.cpp/package/bins/linux-x64"
    if not libraries.exists():
        (folder / "llama.cpp").mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", LLAMA_CPP], cwd=folder / "llama.cpp", check=True, capture_output=True, text=True,
        )
        with tarfile.open(folder / "llama.cpp" / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder / "llama.cpp", filter="data")
    return libraries


def pytorch(given: str | None, folder: Path) -> str:
    """A Python that has PyTorch and transformers."""
    if given is not None:
        return given
    environment = folder / "pytorch"
    python = environment / "bin/python"
    if not (environment / "READY").exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PYTORCH], check=True)
        (environment / "READY").touch()
    return str(python)
