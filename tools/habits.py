"""Counts what decays unseen, for ``make check``: comments, parameters described, sizes, places of tests.

    python -m tools.habits

Prints every breach with its place, then the numbers; exit code 1 where there is a breach.
"""

import ast
import importlib
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import typer
from numpydoc.validate import validate

from benchmarks._results import PAGE, rendered

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lunarcloud"

#: Lines with a comment for a hundred lines of code: fewer leave readers alone, more repeat the code.
COMMENTS_PERCENT = (4.0, 10.0)
MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 60
#: From this number on a public function says what each parameter is.
DOCUMENTED_PARAMETERS = 3
#: numpydoc's errors about parameters: missing in the docstring, unknown to the function, in another order.
PARAMETER_ERRORS = frozenset({"PR01", "PR02", "PR03"})
#: Tests of no single module, and why.
CROSS_CUTTING = {
    "archive/test_fuzz.py": "every reader of the room, over damaged files",
    "cli/test_imports.py": "nothing to do loads nothing heavy",
    "exports/test_validated.py": "every kind of COG, by its validator",
    "fetching/test_harmonics.py": "models and shapes from a server to their readers",
    "figures/test_layout.py": "nothing lies on each other, on any figure of many",
    "engine/test_held_to.py": "what every worker process is held to, by three modules",
    "lineage/test_resting.py": "whatever is done to a root in packs is as to one of one object",
    "reprocessing/test_idle.py": "what nothing to do costs, by all modules of the room",
    "reprocessing/test_killed.py": "the whole of it, killed at each step",
    "test_configuration.py": "importing and using us leaves other people's settings",
    "test_credentials.py": "no secret in any output or file, of commands of all kinds",
    "test_damaged_root.py": "every reader of what lies under a root, over damaged objects",
    "test_documents.py": "README and docs run",
    "test_eight_bands.py": "a mosaic of eight bands through all rooms",
    "test_extension.py": "a process, a quantity, an instrument added",
    "test_many_records.py": "what a root with ten thousand records costs a list and a publication",
    "test_links.py": "links and lists of README and docs",
    "test_notebooks.py": "notebooks run",
    "test_other_instruments.py": "a mosaic of another camera through all rooms, beside Clementine's",
    "test_recovery.py": "workers, schedulers and stores fail under a whole command",
    "test_site.py": "the documentation's site",
    "viewer/test_tables.py": "what the page is built with, from the tables of other rooms",
}
#: Folders of tests that belong to no room: data, deployment, a cluster, the wheel, others' documents.
APART = frozenset({"browser", "cluster", "data", "deploy", "packaging", "reference"})

Function = ast.FunctionDef | ast.AsyncFunctionDef
_PRAGMAS = ("noqa", "type:", "isort:", "pragma:")
_NO_CODE = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


def main() -> int:
    """Run every check; 1 where something is to be mended."""
    breaches = [*comments(), *parameters(), *sizes(), *misplaced_tests(), *stale_page()]
    for breach in breaches:
        print(breach)
    print(f"habits: {len(breaches)} to mend" if breaches else "habits: all kept")
    return 1 if breaches else 0


def sources(*folders: str) -> list[Path]:
    """Python files of some folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def comments() -> Iterator[str]:
    """Say where the share of comments in the package's code lies, if not within its bounds."""
    both = [comment_and_code_lines(path.read_text()) for path in sources("lunarcloud")]
    commented, code = (sum(column) for column in zip(*both, strict=True))
    percent, (least, most) = 100.0 * commented / code, COMMENTS_PERCENT
    print(f"comments: {commented} lines for {code} lines of code, {percent:.1f} % ({least:g} to {most:g})")
    if not least <= percent <= most:
        yield f"lunarcloud: {percent:.1f} % comments; say why where it is not plain"


def comment_and_code_lines(source: str) -> tuple[int, int]:
    """Lines with a comment that speaks to people, and lines of code; docstrings are neither."""
    commented: set[int] = set()
    code: set[int] = set()
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not token.string.lstrip("#: ").startswith(_PRAGMAS):
            commented.add(token.start[0])
        if token.type not in _NO_CODE:
            statement.append(token)
        elif token.type == tokenize.NEWLINE:
            # A statement of one string is a docstring.
            if [each.type for each in statement] != [tokenize.STRING]:
                code.update(line for each in statement for line in range(each.start[0], each.end[0] + 1))
            statement = []
    return len(commented), len(code)


def parameters() -> Iterator[str]:
    """Public functions whose docstring leaves a parameter out, by numpydoc's own rules."""
    commands = command_functions()
    checked = 0
    for path in sources("lunarcloud"):
        for name in public_functions(ast.parse(path.read_text())):
            full = f"{module_name(path)}.{name}"
            if full in commands:
                continue
            checked += 1
            for code, message in validate(full)["errors"]:
                if code in PARAMETER_ERRORS:
                    yield f"{path.relative_to(ROOT)}: {name}: {message} ({code})"
    print(f"parameters: {checked} public functions of {DOCUMENTED_PARAMETERS} or more looked at")


def command_functions() -> frozenset[str]:
    """Functions that are commands: typer shows the help of their options, a docstring would repeat it."""
    app = importlib.import_module("lunarcloud.cli.app").app
    groups: list[typer.Typer] = [app, *(group.typer_instance for group in app.registered_groups)]
    callbacks = [command.callback for group in groups for command in group.registered_commands]
    return frozenset(f"{each.__module__}.{each.__qualname__}" for each in callbacks if each is not None)


def module_name(path: Path) -> str:
    """Dotted name of a module of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def public_functions(tree: ast.Module) -> Iterator[str]:
    """Names of the functions and methods of many parameters that others may call."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [each for each in node.body if isinstance(each, Function)]
            yield from (f"{node.name}.{each.name}" for each in methods if _is_of_many(each, method=True))
        elif isinstance(node, Function) and _is_of_many(node, method=False):
            yield node.name


def _is_of_many(node: Function, *, method: bool) -> bool:
    if node.name.startswith("_"):
        return False
    taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    taken += [each for each in (node.args.vararg, node.args.kwarg) if each]
    bound = method and not any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list
    )
    return len(taken) - bound >= DOCUMENTED_PARAMETERS


def sizes() -> Iterator[str]:
    """Files and functions that nobody reads at once."""
    for path in sources("lunarcloud", "tests", "benchmarks", "tools"):
        text, place = path.read_text(), path.relative_to(ROOT)
        if (lines := text.count("\n")) > MOST_LINES_OF_A_FILE:
            yield f"{place}: {lines} lines, more than {MOST_LINES_OF_A_FILE}: split it"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, Function) and (size := _length(node)) > MOST_LINES_OF_A_FUNCTION:
                yield f"{place}: {node.name}: {size} lines, more than {MOST_LINES_OF_A_FUNCTION}: split it"


def _length(node: Function) -> int:
    """Lines of code from ``def`` on; a long docstring is no fault."""
    first = node.body[0]
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return _lines(node) - (_lines(first) if said else 0)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def misplaced_tests() -> Iterator[str]:
    """Tests that do not lie where the module they test does."""
    for path in sources("tests"):
        place = path.relative_to(ROOT / "tests")
        if not path.name.startswith("test_") or place.parts[0] in APART or str(place) in CROSS_CUTTING:
            continue
        if not (PACKAGE / place.with_name(path.name.removeprefix("test_"))).exists():
            yield f"tests/{place}: tests no module of that place; move it, or state it in CROSS_CUTTING"


def stale_page() -> Iterator[str]:
    """The benchmarks' page, where it is not what their results say."""
    if PAGE.read_text() != rendered():
        yield f"{PAGE.relative_to(ROOT)}: not what its results say; python -m benchmarks._results renders it"


if __name__ == "__main__":
    sys.exit(main())
