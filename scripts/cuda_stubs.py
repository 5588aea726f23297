"""Writes what a CUDA program is linked against where no driver and no cuBLAS are installed.

The linker wants every function that the program names to be in some library; only the machine that runs the program has the real
ones. A stub has the real library's SONAME and an empty function under each of those names, which are read from the bindings in
cudarc, the crate through which candle calls CUDA. Stubs are for linking alone: a program that loads them cannot compute anything.

usage: cuda_stubs.py WORKSPACE CUDA_HOME OUT
"""

import json
import pathlib
import re
import subprocess
import sys

# The module of cudarc that binds a library, and the library; the SONAME of cuBLAS carries the toolkit's major version.
BOUND = {"driver": "libcuda.so.1", "cublas": "libcublas.so.{major}", "cublaslt": "libcublasLt.so.{major}"}

FUNCTION = re.compile(r"\bfn (cu\w+)\s*\(")


def cudarc(workspace: pathlib.Path) -> pathlib.Path:
    """The folder of the cudarc that the workspace locks."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--features=swemill-model/cuda"]
    found = subprocess.run(command, cwd=workspace, check=True, capture_output=True, text=True)
    packages = json.loads(found.stdout)["packages"]
    manifests = [package["manifest_path"] for package in packages if package["name"] == "cudarc"]
    if len(manifests) != 1:
        sys.exit(f"cuda_stubs: the workspace locks {len(manifests)} versions of cudarc; one was expected")
    return pathlib.Path(manifests[0]).parent


def major(cuda_home: pathlib.Path) -> int:
    """The toolkit's major version, of its own header."""
    header = (cuda_home / "include" / "cuda.h").read_text()
    version = re.search(r"#define\s+CUDA_VERSION\s+(\d+)", header)
    if version is None:
        sys.exit(f"cuda_stubs: {cuda_home}/include/cuda.h does not state CUDA_VERSION")
    return int(version[1]) // 1000


def main() -> None:
    workspace, cuda_home, out = map(pathlib.Path, sys.argv[1:4])
    out.mkdir(parents=True, exist_ok=True)
    bindings = cudarc(workspace) / "src"
    for module, pattern in BOUND.items():
        soname = pattern.format(major=major(cuda_home))
        source = (bindings / module / "sys" / "mod.rs").read_text()
        names = sorted(set(FUNCTION.findall(source)))
        if not names:
            sys.exit(f"cuda_stubs: no function was found in cudarc's bindings of {module}")
        stub = "".join(f"void {name}(void) {{}}\n" for name in names)
        library = out / (soname.split(".so")[0] + ".so")
        compile_command = ["cc", "-w", "-x", "c", "-", "-shared", "-fPIC", "-nostdlib", "-fno-builtin"]
        subprocess.run(
            [*compile_command, f"-Wl,-soname,{soname}", "-o", str(library)], input=stub, text=True, check=True
        )
        print(f"cuda_stubs: {library} stands for {soname}, {len(names)} functions", file=sys.stderr)


if __name__ == "__main__":
    main()
