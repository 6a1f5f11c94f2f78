"""Compiles a folder of Python files, the same bytes on every machine with the same Python.

A program of its own (`python bytecode.py FOLDER [--keep-sources]`), because what the compiler
shares between constants, and so the compiled file, can depend on what the process did before.
"""

import py_compile
import sys
import warnings
from importlib.util import cache_from_source
from pathlib import Path


def compile_folder(folder: Path, keep_sources: bool) -> None:
    """Compile every .py file: beside its source in __pycache__, or in its place.

    No file on AgentCore has the date that it has here, so the compiled ones say that nobody need
    look at the source (unchecked hash, PEP 552). Tracebacks name files relative to `folder`.
    """
    for source in sorted(folder.rglob("*.py")):
        compiled = (
            Path(cache_from_source(str(source))) if keep_sources else source.with_suffix(".pyc")
        )
        py_compile.compile(
            str(source),
            cfile=str(compiled),
            dfile=source.relative_to(folder).as_posix(),
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        if not keep_sources:
            source.unlink()


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of other people's code
    compile_folder(Path(sys.argv[1]), keep_sources="--keep-sources" in sys.argv)
