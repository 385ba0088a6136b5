"""Run commands of ``hf papers`` one after the other in one process: starting one takes a second.

Reads a JSON list of command lines; prints the output of each and every option there is.
"""

import contextlib
import io
import json
import sys

from huggingface_hub.cli.papers import papers_cli


def output_of(words: list[str]) -> str:
    """Return what a command prints; raise what it raises."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        papers_cli.main(args=words, standalone_mode=False)
    return printed.getvalue()


if __name__ == "__main__":
    options = {
        f"{name} {max(parameter.opts, key=len)}"
        for name, command in papers_cli.commands.items()
        for parameter in command.params
        if parameter.param_type_name == "option"
    }
    lines = json.load(sys.stdin)
    json.dump(
        {"options": sorted(options), "outputs": [output_of(words) for words in lines]}, sys.stdout
    )
