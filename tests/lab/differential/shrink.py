"""Makes a failing case small: takes away files, lines, answers and parts of the image as long as the difference stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from .answers import Answer
from .cases import Case


def smaller(case: Case) -> Iterator[Case]:
    """Every case that is one step simpler, the big steps first."""
    for path in case.files:
        yield dataclasses.replace(case, files={name: text for name, text in case.files.items() if name != path})
    for path, text in case.files.items():
        lines = text.splitlines(keepends=True)
        size = len(lines) // 2
        while size >= 1:
            for at in range(0, len(lines), size):
                yield dataclasses.replace(case, files={**case.files, path: "".join(lines[:at] + lines[at + size:])})
            size //= 2
    pieces = case.pieces.splitlines(keepends=True)
    for at in range(len(pieces)):
        yield dataclasses.replace(case, pieces="".join(pieces[:at] + pieces[at + 1:]))
    for host, answer in case.answers.items():
        if answer != Answer():
            yield dataclasses.replace(case, answers={**case.answers, host: Answer()})
    if case.secret:
        yield dataclasses.replace(case, secret=None)
    if case.digest:
        yield dataclasses.replace(case, digest=False)
    if case.path:
        yield dataclasses.replace(case, path="")
    if case.tag != "1":
        yield dataclasses.replace(case, tag="1")


def shrink(case: Case, differs: Callable[[Case], bool], most_tries: int = 200) -> Case:
    """The smallest case found that still `differs`; `case` itself must."""
    tries = 0
    while tries < most_tries:
        for candidate in smaller(case):
            tries += 1
            if differs(candidate):
                case = candidate
                break
            if tries >= most_tries:
                return case
        else:
            return case
    return case
