"""Compiles a folder of Python files, the same bytes on every machine with the same Python.

A program of its own (`python bytecode.py FOLDER [--keep-sources]`), because what the compiler
shares between constants, and so the compiled file, can depend on what the process did before.
"""

import ast
import py_compile
import sys
import warnings
from importlib.util import cache_from_source, source_hash
from pathlib import Path

# Half of what SymPy's files hold are its manual: nobody reads it at run time. Of others' docstrings
# some do: tools are described by theirs, and pydantic's models.
WITHOUT_DOCSTRINGS = {"botocore", "mpmath", "opentelemetry", "rich", "sympy", "urllib3", "yaml"}
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def compile_folder(folder: Path, keep_sources: bool) -> None:
    """Compile every .py file: beside its source in __pycache__, or in its place.

    No file on AgentCore has the date that it has here, so the compiled ones say that nobody need
    look at the source (unchecked hash, PEP 552). Tracebacks name files relative to `folder`.
    """
    for source in sorted(folder.rglob("*.py")):
        compiled = (
            Path(cache_from_source(str(source))) if keep_sources else source.with_suffix(".pyc")
        )
        original = source.read_bytes()
        if not keep_sources and source.relative_to(folder).parts[0] in WITHOUT_DOCSTRINGS:
            source.write_bytes(empty_docstrings(original))
        py_compile.compile(
            str(source),
            cfile=str(compiled),
            dfile=source.relative_to(folder).as_posix(),
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        if not keep_sources:
            # The hash of what it was made of (PEP 552), by which ops/layers.py knows it again.
            content = bytearray(compiled.read_bytes())
            content[8:16] = source_hash(original)
            compiled.write_bytes(content)
            source.unlink()


def empty_docstrings(source: bytes) -> bytes:
    """The source with each docstring empty and each line in its place, as tracebacks name them.

    Empty, not away: some libraries add to their own.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, _DOCUMENTED) or ast.get_docstring(node, clean=False) is None:
            continue
        at = node.body[0]
        first, last = at.lineno - 1, (at.end_lineno or at.lineno) - 1
        head, tail = lines[first][: at.col_offset], lines[last][at.end_col_offset :]
        lines[first : last + 1] = [head + b'""' + tail, *[b"\n"] * (last - first)]
    return b"".join(lines)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of other people's code
    compile_folder(Path(sys.argv[1]), keep_sources="--keep-sources" in sys.argv)
