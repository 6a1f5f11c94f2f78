"""A copy of what runs, to edit and to break."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("agent", "local", "ops", "samconfig.toml", "spa", "template.yaml")


def copy_checkout(root: Path) -> Path:
    """Copy the parts that `python -m local` and the commands need to a new folder `root`."""
    root.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("node_modules", "__pycache__")
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, root / name)
    (root / "spa" / "node_modules").symlink_to(ROOT / "spa" / "node_modules")
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text wherever it stands in a file, where it has to stand."""
    text = path.read_text()
    assert old in text, f"{path.name} no longer holds {old!r}"
    path.write_text(text.replace(old, new))
