"""Sluice's agent with an event for each delta of its model: what it does where none are joined."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "agent"))
import main
from sluice.models import joining

if __name__ == "__main__":
    joining.MAX_CHARACTERS = 0
    sys.exit(main.main())
