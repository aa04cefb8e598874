"""Kubeconfigs from a small grammar that knows YAML's corners, judged by kboot and by real kubectls.

`python -m tests.helpers.working.odd_kubeconfigs COUNT SEED KUBECTL…` prints what they disagree on.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bootstrap.kubeconfig.document import parse
from bootstrap.kubeconfig.edit import Change, edit

KINDS = ("cluster", "user", "context")
PUT = Change(
    put={
        "cluster": ("72225e2", {"server": "https://192.0.2.7:8443", "certificate-authority": "y"}),
        "user": ("72225e2", {"client-certificate": "/c.crt", "client-key": "~"}),
        "context": ("72225e2", {"cluster": "72225e2", "user": "72225e2"}),
    }
)
DROP = Change(drop=dict.fromkeys(KINDS, "72225e2"))

WORDS = (
    *("a", "prod", "größe", "a b", "a: b", "a #b", "a:b", "x?y", "http://h:1/p?q=1", "-", "- a"),
    *("72225e2", "0089", "1e3", "1e400", "0x1f", "0o17", "0b11", "017", "1_0", "+1", "-.5", "."),
    *("y", "N", "yes", "off", "true", "FALSE", "null", "~", "", ".inf", "-.INF", ".nan", "<<", "="),
    *("2018-01-02", "12:30:45", "2018-13-45", "!x", "&x", "*x", "%x", "@x", "`x", ">", "{", "]"),
    *(
        "\\",
        "\\/",
        "\\ud83d",
        "\\x41",
        "\\u00e9",
        "\\e",
        "'",
        '"',
        ",",
        "\t",
        " ",
        "#",
        "QUJD",
        "?",
    ),
    *("\ufeff", "\x85", "\u2028", "\x07", "\x7f", "\U0001f600", "...", "---", "|", "k" * 1030),
)
KEYS: dict[str, tuple[str, ...]] = {
    "": ("apiVersion", "kind", "clusters", "users", "contexts", "current-context", "preferences"),
    "cluster": ("server", "insecure-skip-tls-verify", "certificate-authority-data", "extensions"),
    "user": ("token", "client-key-data", "as-groups", "as-user-extra", "exec", "auth-provider"),
    "context": ("cluster", "user", "namespace"),
    "exec": ("command", "args", "env", "provideClusterInfo"),
}
SIGNS: list[str] = [
    *":-?,[]{}#&*!|>'\"%@`~<=\\ \t\n\r.01eyN",
    *("\n  ", "\n- ", ": ", " #", "\n...\n", "\n---\n"),
]


class Writer:
    """One document's text; with each call the dice are thrown anew."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.odd = dice.choice([0.0, 0.01, 0.03, 0.1])
        """How much of it is not as everybody writes it."""
        self.anchors = ["a"] if dice.random() < 0.05 else []

    def document(self) -> str:
        keys = [*KEYS[""], *self.some("foo", "extensions", "y"), *self.rarely("kind", "users")]
        parts = [self.pair(key, 0) for key in keys if self.dice.random() < 0.85]
        text = self.dice.choice(["", "", "---\n", "# mine\n", "\ufeff"]) + "".join(parts)
        for _ in range(self.dice.choice([0, 0, 0, 0, 1, 1, 2])):
            text = self.spoilt(text)
        return text.replace("\n", "\r\n") if self.dice.random() < 0.1 else text

    def pair(self, key: str, depth: int) -> str:
        return f"{' ' * depth}{self.key(key)}:{self.value(key, depth)}\n"

    def key(self, key: str) -> str:
        if self.dice.random() > self.odd:
            return key
        return self.dice.choice([f'"{key}"', f"'{key}'", f"? {key}\n", self.word()])

    def value(self, key: str, depth: int) -> str:
        if self.dice.random() < self.odd / 4:
            return " " + self.word()
        if key in ("apiVersion", "kind"):
            return {"apiVersion": " v1", "kind": " Config"}[key]
        if key in ("clusters", "users", "contexts"):
            return self.entries(key[:-1], depth)
        if key in ("preferences", "auth-provider", "as-user-extra", "foo"):
            return self.dice.choice([" {}", " ", " null", f" {{a: [{self.word()}]}}"])
        if key in ("as-groups", "args", "env", "extensions"):
            named = key in ("env", "extensions")
            return f"\n{' ' * depth}- name: {self.word()}" if named else f" [{self.word()}, b]"
        if key in ("insecure-skip-tls-verify", "provideClusterInfo"):
            return self.dice.choice([" true", " false", " yes", " on"])
        if key == "exec":
            return "\n" + self.body("exec", depth + 2).rstrip("\n")
        if key.endswith("-data"):
            return self.dice.choice([" QUJD", " 'QQ=='", " |\n" + " " * (depth + 2) + "QUJD"])
        return self.dice.choice([" prod", " prod  # x", f" {self.word()}"])

    def entries(self, kind: str, depth: int) -> str:
        if self.dice.random() < 0.1:
            return self.dice.choice([" []", "", " null", self.anchored() + " []", " [ ]"])
        if self.dice.random() < 0.1:
            return f" [{{name: {self.word()}, {kind}: {{server: {self.word()}}}}}]"
        pad = " " * (depth + self.dice.choice([0, 0, 2, 4]))
        listed = ""
        for number in range(self.dice.choice([1, 1, 2, 3])):
            name = self.dice.choice([f"prod{number}", f"prod{number}", self.word()])
            body = self.body(kind, len(pad) + 4)
            listed += f"{pad}- {kind}:{self.mark()}\n{body}{pad}  {self.key('name')}: {name}\n"
        return "\n" + listed.rstrip("\n")

    def body(self, kind: str, depth: int) -> str:
        chosen = self.some(*KEYS[kind], "foo") + self.rarely(KEYS[kind][0])
        merged = f"{' ' * depth}<<:{self.aliased()}\n" if self.dice.random() < self.odd / 4 else ""
        return merged + "".join(self.pair(key, depth) for key in chosen)

    def mark(self) -> str:
        if self.dice.random() > self.odd:
            return self.dice.choice(["", "", "", " # x", self.anchored()])
        return self.dice.choice([" !!map", self.aliased(), " !x", " null", " {}"])

    def anchored(self) -> str:
        self.anchors.append(f"n{len(self.anchors)}" if self.dice.random() < 0.9 else "n0")
        return f" &{self.anchors[-1]}"

    def aliased(self) -> str:
        return f" *{self.dice.choice(self.anchors)}" if self.anchors else ""

    def word(self) -> str:
        if self.dice.random() > self.odd:
            return self.dice.choice(
                ["prod", "b", "'QUJD'", '"x?y"', "https://h:1/p#f", "''", "x-1"]
            )
        word = self.dice.choice(WORDS)
        tag = self.dice.choice(
            [""] * 20 + ["!!str ", "!!int ", "!!bool ", "! ", "&a ", "!!binary "]
        )
        plain = self.dice.choice([word] * 3 + [f"'{word}'", f'"{word}"', self.aliased()])
        return tag + (plain if self.dice.random() < 0.95 else f"|-\n          {word}")

    def some(self, *words: str) -> list[str]:
        return [word for word in words if self.dice.random() < 0.4]

    def rarely(self, *words: str) -> list[str]:
        return [word for word in words if self.dice.random() < self.odd]

    def spoilt(self, text: str) -> str:
        """One sign more or less, or one line elsewhere."""
        at, lines = self.dice.randrange(len(text) + 1), text.split("\n")
        line = self.dice.randrange(len(lines))
        way = self.dice.randrange(6)
        if way == 0:
            return text[:at] + text[at + 1 :]
        if way == 1:
            return text[:at] + self.dice.choice(SIGNS) + text[at + 1 :]
        if way == 2:
            lines.insert(self.dice.randrange(len(lines)), lines[line])
        elif way == 3:
            lines[line] = self.dice.choice([" ", "  ", "\t", "- "]) + lines[line]
        elif way == 4:
            lines[line] = lines[line][1:]
        else:
            return text[:at] + self.dice.choice(SIGNS) + text[at:]
        return "\n".join(lines)


class Told(NamedTuple):
    """`wrong`: what kboot and a kubectl disagree on, with the text."""

    texts: int
    accepted: int
    refused_by_kubectl: int
    wrong: list[tuple[str, str]]


class Judge:
    """Real kubectls, in a folder of their own."""

    def __init__(self, kubectls: Sequence[Path], folder: Path) -> None:
        self.kubectls, self.folder = kubectls, folder

    def refused(self, texts: Sequence[str]) -> set[int]:
        """Which of them any of the kubectls refuses: each names all that it cannot load."""
        files = [self.folder / f"{number}.yaml" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_bytes(text.encode())
        environ = {"HOME": str(self.folder), "KUBECONFIG": ":".join(map(str, files))}
        said = ""
        for kubectl in self.kubectls:
            command = (kubectl, "config", "view", "--raw")
            run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
            said += run.stderr
        return {number for number, file in enumerate(files) if f'"{file}"' in said}

    def view(self, text: str) -> Any:
        file = self.folder / "one"
        file.write_bytes(text.encode())
        command = (self.kubectls[-1], "config", "view", "--raw", "-o", "json", "--kubeconfig", file)
        environ = {"HOME": str(self.folder)}
        run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        return json.loads(run.stdout) if run.returncode == 0 else run.stderr


def judged(texts: Sequence[str], judge: Judge) -> Told:
    """kboot accepts what every kubectl accepts, and after its edits all is there for them."""
    told = Told(len(texts), 0, 0, [])
    read, edited = {}, {}
    for number, text in enumerate(texts):
        try:
            read[number] = parse(text)
            edited[number] = edit(text, PUT)
        except ValueError:
            continue
    refused = judge.refused(texts)
    after = list(edited.values())
    gone = [edit(text, DROP) for text in after]
    spoilt = judge.refused(after) | judge.refused(gone)
    told.wrong.extend((texts[n], "kubectl refuses it") for n in sorted(read.keys() & refused))
    told.wrong.extend((after[n], "kubectl refuses what kboot wrote") for n in sorted(spoilt))
    for number in sorted(edited.keys() - refused):
        why = _differs(read[number], judge.view(texts[number]), judge.view(edited[number]))
        told.wrong.extend([(texts[number], why)] if why else [])
    return told._replace(accepted=len(edited), refused_by_kubectl=len(refused))


def _differs(ours: Any, before: Any, after: Any) -> str:
    """What kboot read otherwise than kubectl, or lost; empty: nothing."""
    if isinstance(before, str) or isinstance(after, str):
        return f"kubectl refuses: {before} {after}"
    if (ours.get("current-context") or "") != before["current-context"]:
        return "another current context"
    for kind in KINDS:
        had, has = (_named(each[f"{kind}s"]) for each in (before, after))
        if set(_named(ours.get(f"{kind}s"))) != set(had):
            return f"other {kind}s"
        if {name: has.get(name) for name in had if name != "72225e2"} != {
            name: body for name, body in had.items() if name != "72225e2"
        }:
            return f"a {kind} is gone or changed"
        if "72225e2" not in has:
            return f"no {kind} of kboot's"
    return ""


def _named(entries: Any) -> dict[str, Any]:
    return {(each or {}).get("name") or "": each for each in entries or ()}


def written(count: int, seed: int) -> list[str]:
    """As UTF-8 can hold them."""
    dice = random.Random(seed)
    return [Writer(dice).document() for _ in range(count)]


def main(count: int, seed: int, kubectls: Sequence[Path]) -> int:
    texts, size = written(count, seed), 250
    sums = [0, 0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, count, size):
            told = judged(texts[start : start + size], Judge(kubectls, Path(folder)))
            figures = (told.texts, told.accepted, told.refused_by_kubectl, len(told.wrong))
            sums = [a + b for a, b in zip(sums, figures, strict=True)]
            for text, why in told.wrong:
                print(f"{why}: {text!r}", flush=True)
    print(f"{sums[0]} texts, {sums[1]} accepted, {sums[2]} refused by kubectl, {sums[3]} wrong")
    return sums[3] != 0


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), [Path(each) for each in sys.argv[3:]]))
