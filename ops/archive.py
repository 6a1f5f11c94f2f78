"""A zip that is the same byte for byte wherever, whenever and by whomever it is written."""

import sys
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

type Files = Mapping[str, bytes]
"""Contents by path in the zip, with `/` between folders."""

# Zip knows no earlier date, and no time zone.
_DATE = (1980, 1, 1, 0, 0, 0)
_FILE, _FOLDER = 0o100644, 0o040755
_IS_FOLDER = 0x10  # an attribute of MS-DOS, which some programs go by
_UNIX = 3
_LEVEL = 6  # 9 takes four times as long, for 1 % less


@dataclass(frozen=True)
class Limits:
    """What AgentCore takes, in bytes ("Quotas", direct code deployment)."""

    zipped: int = 250_000_000
    unzipped: int = 750_000_000


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_zip(files: Files, out: Path, limits: Limits | None = None) -> None:
    """Write `files`, files with mode 644 and folders with 755, whatever they have on this machine.

    `out` is replaced when the zip is complete. Exits with a sentence that names the largest
    packages when it is larger than AgentCore allows.
    """
    limits = limits or Limits()
    unzipped = sum(map(len, files.values()))
    if unzipped > limits.unzipped:
        _refuse(files, unzipped, limits.unzipped, "unzipped")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_suffix(".unfinished")
    folders = {f"{parent}/" for name in files for parent in PurePosixPath(name).parents} - {"./"}
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name in sorted({*files, *folders}):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = _UNIX
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _FOLDER << 16 | _IS_FOLDER if name.endswith("/") else _FILE << 16
            archive.writestr(info, files.get(name, b""), compresslevel=_LEVEL)
    size = unfinished.stat().st_size
    if size > limits.zipped:
        unfinished.unlink()
        _refuse(files, size, limits.zipped, "zipped")
    unfinished.replace(out)


def _refuse(files: Files, size: int, limit: int, how: str) -> None:
    packages: Counter[str] = Counter()
    for name, content in files.items():
        packages[name.partition("/")[0]] += len(content)
    largest = ", ".join(f"{name} ({megabytes(count)})" for name, count in packages.most_common(3))
    sys.exit(
        f"The agent's zip has {megabytes(size)} {how}, AgentCore takes {megabytes(limit)}. The "
        f"largest parts are {largest}, unzipped: do without one, or prune it in ops/pruning.py."
    )


def megabytes(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 1e6:.1f} MB"
