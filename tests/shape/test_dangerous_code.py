"""What the code does not do: run commands or text, unpickle, weak hashes, guessable secrets."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.shape.test_imports import PACKAGE

FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in FILES}
# Deserialisers that run code, and the shell.
REFUSED_MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "yaml", "xmlrpc"}
REFUSED_MODULES |= {"commands", "pty", "telnetlib", "ftplib"}
REFUSED_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
WEAK = {"md5", "sha1", "MD5", "SHA1"}
# Names of XML namespaces and examples, which nothing requests, and this machine.
NOT_REQUESTED = ("http://www.w3.org/", "http://127.0.0.1", "http://localhost")


def modules_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@cache
def calls_of(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(ast.unparse(node.func), node) for node in calls]


def users_of(*modules: str) -> set[str]:
    return {name for name, tree in TREES.items() if set(modules) & set(modules_of(tree))}


def test_no_text_is_run_and_no_object_with_code_is_loaded() -> None:
    assert users_of(*REFUSED_MODULES) == set()
    for name, tree in TREES.items():
        for call, node in calls_of(tree):
            assert call not in REFUSED_CALLS, (name, call)
            if call.endswith(("np.load", "numpy.load")):
                assert "allow_pickle=False" in ast.unparse(node), name


def test_a_process_is_started_by_the_server_alone_and_without_a_shell() -> None:
    assert users_of("subprocess") <= {"serve/supervisor.py"}
    for name, tree in TREES.items():
        for call, node in calls_of(tree):
            assert not call.startswith(("os.exec", "os.spawn")) or name == "cli/serve.py", name
            assert "shell" not in {keyword.arg for keyword in node.keywords}, name


def test_guessable_numbers_only_spread_retries_over_time() -> None:
    assert users_of("random") == {"http/client.py"}
    uses = [call for call, _ in calls_of(TREES["http/client.py"]) if call.startswith("random.")]
    assert uses == ["random.uniform"]


def test_no_hash_with_known_collisions_is_used() -> None:
    for name, tree in TREES.items():
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not WEAK & named, name


def test_certificates_are_always_verified_but_by_opportunistic_mail() -> None:
    for name in TREES:
        text = (PACKAGE / name).read_text("utf-8")
        assert "verify=False" not in text, name
        assert "_create_unverified_context" not in text, name
        assert ("CERT_NONE" in text) is (name == "mail/smtp.py"), name


def test_templates_escape_what_they_show() -> None:
    environments = [
        ast.unparse(node)
        for tree in TREES.values()
        for call, node in calls_of(tree)
        if call == "Environment"
    ]
    assert len(environments) == 2
    assert all("autoescape=" in one and "PackageLoader" in one for one in environments)
    assert not any("autoescape=False" in one for one in environments)
    # Four functions mark up what they have escaped themselves.
    assert users_of("markupsafe") == {"web/markup.py"}
    templates = [path for path in PACKAGE.rglob("templates/*") if path.is_file()]
    assert len(templates) > 10
    for template in templates:
        text = template.read_text("utf-8")
        assert "|safe" not in text.replace(" ", "") and "autoescape false" not in text, template


def test_every_service_is_requested_with_https() -> None:
    for name, tree in TREES.items():
        if not name.startswith(("sources/", "ingest/", "http/", "encoders/")):
            continue
        docstrings = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        }
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        plain = [
            text
            for text in texts
            if text.lstrip("{").startswith("http://")
            and text not in docstrings
            and not text.lstrip("{").startswith(NOT_REQUESTED)
            and text != "http://"
        ]
        assert plain == [], name


def test_no_secret_is_written_in_the_code() -> None:
    keys = ("-----BEGIN ", "AKIA", "ghp_", "sk-")
    for path in [*FILES, *Path(PACKAGE).rglob("templates/*")]:
        if path.is_file():
            assert not any(key in path.read_text("utf-8") for key in keys), path
