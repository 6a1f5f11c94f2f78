"""Answers for the page to draw: markdown of a given length, the same every time."""

import itertools
from collections.abc import Iterator

PROSE = (
    "water flows through the gate when the keeper lifts it and the level of the river falls a "
    "little below the mark that was cut in the stone many years ago so that boats may pass"
)
WORDS = PROSE.split()


def markdown(size: int) -> str:
    """A page of `size` characters: headings, prose, lists, tables, code, quotes and a formula."""
    sections = (_section(number) for number in itertools.count(1))
    text = ""
    while len(text) < size:
        text += next(sections)
    return text[:size]


def deltas(text: str, length: int = 5) -> Iterator[str]:
    """The text as a model sends it, in pieces of a few characters."""
    return (text[at : at + length] for at in range(0, len(text), length))


def _section(number: int) -> str:
    lines = "\n".join(
        f"    level_{n} = measure(gate[{n}], unit='m')  # {_words(number + n, 5)}" for n in range(8)
    )
    return f"""## {number}. {_words(number, 5).capitalize()}

{_words(number, 40).capitalize()}, with **{_words(number + 3, 3)}** and *{_words(number + 5, 2)}*,
as `level_{number}` shows. See [the notes](https://example.com/notes/{number}) for more.

- {_words(number + 7, 12)}
- {_words(number + 11, 9)}, which is `{number}` times
  - {_words(number + 13, 7)}

```python
def lift(gate: list[float], height: float = {number}.5) -> float:
    \"\"\"{_words(number + 2, 9).capitalize()}.\"\"\"
{lines}
    return sum(gate) * height
```

| gate | height | what it does |
|:-----|-------:|--------------|
| {_words(number, 1)} | {number}.25 m | {_words(number + 17, 6)} |
| {_words(number + 1, 1)} | {number}.50 m | {_words(number + 19, 6)} |

> {_words(number + 23, 18).capitalize()}.

The flow is $Q_{number} = v \\cdot A_{number}$. {_words(number + 29, 30).capitalize()}.

1. {_words(number + 31, 8)}
2. {_words(number + 37, 8)}

"""


def _words(start: int, count: int) -> str:
    return " ".join(
        itertools.islice(itertools.cycle(WORDS), start % len(WORDS), start % len(WORDS) + count)
    )
