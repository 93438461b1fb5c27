"""`harness completion`: a script for the shell, and the words that it asks for.

The script asks this verb at every <Tab>, so that what is offered is what is there: options of the
verb as its own parser has them, adapters that are installed, gold sets that are known by name.
No other command is any slower for it, and nothing has to be installed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.cli.printer import print_lines, print_whole
from harness.errors import HarnessError

EPILOG = """\
Prints a script; where it goes:
  bash  ~/.local/share/bash-completion/completions/harness
  zsh   _harness in a folder of $fpath
  fish  ~/.config/fish/completions/harness.fish
`words` is what the scripts call: the words of a command line after `harness`, of which the last
is to be completed. Where nothing is known, the shell offers files.

examples:
  harness completion bash
  harness completion words run --ta
"""

_SCRIPTS = {
    "bash": r"""_harness() {
    local found
    COMPREPLY=()
    while IFS= read -r found; do
        COMPREPLY+=("$(printf %q "$found")")
    done < <(harness completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _harness harness
""",
    "zsh": r"""#compdef harness
_harness() {
    local -a found
    found=("${(@f)$(harness completion words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    found=(${found:#})
    if (( $#found )); then compadd -a found; else _files; fi
}
if [ "$funcstack[1]" = "_harness" ]; then _harness "$@"; else compdef _harness harness; fi
""",
    "fish": r"""function __harness_words
    set -l before (commandline -opc)
    set -l found (harness completion words $before[2..-1] (commandline -ct) 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c harness -f -a '(__harness_words)'
""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=(*_SCRIPTS, "words"))
    parser.add_argument("word", nargs=argparse.REMAINDER, help="words: those of the command line")


def run(args: argparse.Namespace) -> int:
    if args.what != "words":
        print_whole(_SCRIPTS[args.what])
        return 0
    found = list(dict.fromkeys(words(args.word)))
    if found:
        print_lines(found)
    return 0


def words(said: Sequence[str]) -> Iterator[str]:
    """What the last of these words could become; what stands before it is as it is.

    Nothing where the shell knows as much: files, numbers, texts, an unknown verb.
    """
    from harness.cli.main import VERBS, parser_of

    *before, current = said or [""]
    if not before:
        yield from _beginning(current, (*VERBS, "--help", "--version"))
        return
    verb, *before = before
    if verb not in VERBS:
        return
    _, parser = parser_of(verb)
    # bash takes `--format=csv` apart into three words.
    if current == "=":
        before, current = [*before, current], ""
    if before and before[-1] == "=":
        before.pop()
    option = _valued(parser, before[-1]) if before else None
    name, assigned, value = current.partition("=")
    if assigned and (other := _valued(parser, name)) is not None:
        yield from (f"{name}={word}" for word in _beginning(value, _values(verb, other)))
    elif option is not None:
        yield from _beginning(current, _values(verb, option))
    elif current.startswith("-"):
        yield from _beginning(current, (o for o in _options(parser) if o.startswith("--")))
    elif (argument := _argument(parser, before)) is not None:
        yield from _beginning(current, _values(verb, argument))


def _beginning(start: str, words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if word.startswith(start))


def _options(parser: argparse.ArgumentParser) -> Mapping[str, argparse.Action]:
    return parser._option_string_actions  # argparse has no public list of them.


def _valued(parser: argparse.ArgumentParser, word: str) -> argparse.Action | None:
    """The option of that name, where it takes a value."""
    action = _options(parser).get(word)
    return None if action is None or action.nargs == 0 else action


def _argument(parser: argparse.ArgumentParser, before: Sequence[str]) -> argparse.Action | None:
    """The argument without a name that comes after these words."""
    place, after_option = 0, False
    for word in before:
        place += not word.startswith("-") and not after_option
        after_option = _valued(parser, word) is not None
    for action in parser._actions:
        if action.option_strings:
            continue
        if action.nargs in ("*", "+") or not place:
            return action
        place -= 1
    return None


def _values(verb: str, action: argparse.Action) -> Iterable[str]:
    if action.choices is not None:
        return map(str, action.choices)
    known = _KNOWN.get(f"{verb} {action.dest}") or _KNOWN.get(action.dest)
    try:
        return [] if known is None else list(known())
    except HarnessError:  # A broken adapter or suite is told of by the command itself.
        return []


def _backends() -> Iterator[str]:
    from harness.registry import adapter_names, default_backends

    specs = default_backends()
    yield from map(str, specs)
    named = {spec.adapter for spec in specs}
    yield from (name for name in adapter_names() if name not in named)


def _adapters() -> Iterable[str]:
    from harness.registry import adapter_names

    return adapter_names()


def _goldsets() -> Iterator[str]:
    from harness.gold.loading import known_goldsets

    return (place.name for place in known_goldsets())


def _schemas() -> Iterable[str]:
    from harness.labels.schema import schema_names

    return schema_names()


def _suites() -> Iterable[str]:
    from harness.run.suites import find_suites

    return dict(find_suites()[1].get("suites", {}))


def _formats() -> Iterable[str]:
    from harness.formats.registry import FORMATS

    return FORMATS


_KNOWN: Mapping[str, Callable[[], Iterable[str]]] = {
    "backend": _backends,
    "require": _backends,
    "gold": _goldsets,
    "schema": _schemas,
    "suite": _suites,
    "env name": _adapters,
    "formats name": _formats,
}
"""What values there are, by the name of an option or argument, or by it behind its verb."""
