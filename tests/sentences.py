#!/usr/bin/env python3
"""Holds lib/ and cmd/ against decisions that look into a sentence: a text that is searched for, or compared with, a literal of two or
more words. What a program must decide by is a type (an enum, a field), so that a message can be rewritten without a change in what
is done. Texts that other programs print or write are the exception: each is listed below with the reason, and one that no code looks
for is a fault too.

usage: sentences.py SOURCE_DIR
"""
import pathlib
import re
import sys

LITERAL = r'"((?:[^"\\\n]|\\.)*)"'
DECISIONS = (
    re.compile(r"\b(?:r?find|find_first_of|starts_with|ends_with|contains|compare|says|mentions)\(\s*(?:[^\"();]*,\s*)?" + LITERAL),
    re.compile(r"[=!]=\s*(?:std::string(?:_view)?\()?" + LITERAL),
    re.compile(LITERAL + r"\s*[=!]="),
    re.compile(r"std::string_view\(" + LITERAL + r"\)"),  # a list of marks to look for
)
TWO_WORDS = re.compile(r"[A-Za-z]\S* +\S*[A-Za-z]{2}")

# By file: why it looks for words, and for which.
PEM = "the name of a block in a PEM file"
ALLOWED: dict[str, tuple[str, tuple[str, ...]]] = {
    "lib/containerd/chain/certificates.cpp": (PEM, ("PRIVATE KEY", " PRIVATE KEY")),
    "lib/node/mask.cpp": (PEM, ("PRIVATE KEY",)),
    "lib/transport/keys/pem_key.cpp": (PEM, ("ENCRYPTED PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY")),
    "lib/transport/keys/private_key.cpp": (PEM, ("PRIVATE KEY-----",)),
    "lib/transport/shell/bootstrap_answer.cpp": (
        "what sudo and su print on the node",
        ("try again", "incorrect password", "you must have a tty", "not in the sudoers", "may not run sudo", "is not allowed to",
         "password is required", "terminal is required", "account validation failure")),
    "lib/transport/ways/container.cpp": (
        "what docker and podman print",
        ("o such container", "is not running", "Cannot connect to the Docker daemon", "permission denied")),
    "lib/transport/ways/openssh_error.cpp": (
        "what OpenSSH's client prints; and where our own message quotes it",
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", "Host key verification failed", "No matching host key", "REVOKED HOST KEY",
         "Permission denied (", "timed out", "Could not resolve", "Connection refused", "No route to host", "onnection closed",
         "onnection reset", "Broken pipe", r"(it said \"")),
    "lib/transport/ways/askpass_question.cpp": ("what OpenSSH's client asks", ("Enter passphrase for key ",)),
}


def words_looked_for(text: str) -> list[tuple[int, str]]:
    found = {(match.start(), match[1]) for decision in DECISIONS for match in decision.finditer(text)}
    return [(text.count("\n", 0, at) + 1, literal) for at, literal in sorted(found) if TWO_WORDS.search(literal)]


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    faults: list[str] = []
    allowed = {(path, literal) for path, (_, literals) in ALLOWED.items() for literal in literals}
    used: set[tuple[str, str]] = set()
    files = sorted(p for top in ("lib", "cmd") for p in (root / top).rglob("*") if p.suffix in (".h", ".cpp"))
    for file in files:
        path = str(file.relative_to(root))
        for line, literal in words_looked_for(file.read_text()):
            used.add((path, literal))
            if (path, literal) not in allowed:
                faults.append(f'{path}:{line}: decides by the words "{literal}"')
    faults += [f'tests/sentences.py: {path} no longer looks for "{literal}"' for path, literal in sorted(allowed - used)]
    print("\n".join(faults) or f"{len(files)} files decide by types; {len(allowed)} texts are looked for with a reason")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
