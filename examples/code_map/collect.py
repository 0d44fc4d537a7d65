#!/usr/bin/env python3
"""Collects functions and calls from a tree of Python sources, with UTF-8 byte spans.

    collect.py [ROOT] [--out DIR] [--expect] [--jobs N]

ROOT is the standard library of the interpreter that runs this, unless it is given. Only the
Python standard library is needed. Rows are in order of path, then position: the same tree
gives the same bytes.

Written to DIR (default: data/ beside this file):

  functions.ndjson    path, bstart, bend, qualname, kind
  calls_ast.ndjson    path, bstart, bend, callee, confidence = 1.0   what the parser saw
  calls_tokens.csv    the same columns, confidence = 0.6             what the tokens suggest
  not_collected.csv   path, line, what, reason                       what is in none of them
  expected.ndjson     with --expect: the oracle, see below

Spans are half open, [bstart, bend), in bytes of the file. A file in another encoding than
UTF-8 counts as the UTF-8 text it stands for.

Functions. One row for each `def`, `async def` and `lambda`; kind is function,
async_function, method, async_method (directly in a class body) or lambda. The span runs from
the keyword to the end of the body: decorators lie outside, parameters, defaults and
annotations inside. A class is no function: a call in a class body belongs to the function
around the class, if there is one. qualname is written as Python's __qualname__ is.

Calls. One row for each call expression. The span is that of the called name, the last one in
`a.b.c(...)`; that is also what the tokens show, so the two datasets meet on (path, bstart,
bend). Where something else is called, as in `f()()` or `table[key]()`, callee is
<expression> and the span is that of the argument list, from the end of what is called.
calls_tokens has each name that is followed by an opening parenthesis and is neither a
keyword nor the name after `def` or `class`. It misses calls of expressions (and before
Python 3.12 those inside f-strings) and takes a few things for calls that are none, such as
class patterns in `match`.

The oracle (--expect) never compares positions. It walks the tree and gives each call of
calls_ast the function node that it is the nearest descendant of, where the decorators of a
function do not count as its descendants: path, bstart, bend, callee, caller_start,
caller_end, caller, the last three null outside all functions.

Not collected: files that do not parse, files whose tokens do not end, and, before Python
3.12, single calls and lambdas inside an f-string for which the parser gives no reliable
position. Each has its line in not_collected.csv.
"""

import argparse
import ast
import csv
import io
import json
import keyword
import multiprocessing
import os
import re
import sys
import sysconfig
import tokenize
import warnings
from pathlib import Path

AST_CONFIDENCE = 1.0
TOKEN_CONFIDENCE = 0.6
SKIPPED_FOLDERS = {"__pycache__", "site-packages", "dist-packages"}
FSTRINGS_HAVE_POSITIONS = sys.version_info >= (3, 12)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LINE_END = re.compile(rb"\r\n|\r|\n")
LAST_NAME = re.compile(r"\w+\Z")


class Text:
    """A source file's text as UTF-8 and the byte offset at which each of its lines begins."""

    def __init__(self, raw):
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        if encoding in ("utf-8", "utf-8-sig"):
            self.bytes = raw
        else:
            self.bytes = raw.decode(encoding).encode("utf-8")
        first = 3 if self.bytes.startswith(b"\xef\xbb\xbf") else 0
        self.starts = [first]
        self.starts += [end.end() for end in LINE_END.finditer(self.bytes)]
        self.starts.append(len(self.bytes))

    def offset(self, line, column):
        """Of a line counted from 1 and a column in bytes, as `ast` gives them."""
        return self.starts[line - 1] + column

    def lines(self):
        """Decoded lines that end in a plain newline, for the tokenizer."""
        for start, end in zip(self.starts, self.starts[1:]):
            yield self.bytes[start:end].decode("utf-8").rstrip("\r\n") + "\n"


class Tree:
    """Walks one module; what it finds is in `functions`, `calls`, `expected`, `lost`."""

    def __init__(self, text):
        self.text = text
        self.functions, self.calls, self.expected, self.lost = [], [], [], []
        self.taken = set()

    def walk(self, module):
        # (node, names around it, owning function, directly in a class, span of the f-string)
        stack = [(module, (), None, False, None)]
        while stack:
            node, names, owner, in_class, fstring = stack.pop()
            if isinstance(node, ast.JoinedStr) and fstring is None and not FSTRINGS_HAVE_POSITIONS:
                fstring = self.span(node)
            if isinstance(node, FUNCTIONS):
                stack.extend(self.function(node, names, owner, in_class, fstring))
                continue
            if isinstance(node, ast.ClassDef):
                stack.extend(self.inside_class(node, names, owner, fstring))
                continue
            if isinstance(node, ast.Call):
                self.call(node, owner, fstring)
            stack.extend((child, names, owner, in_class, fstring)
                         for child in ast.iter_child_nodes(node))

    def span(self, node):
        return (self.text.offset(node.lineno, node.col_offset),
                self.text.offset(node.end_lineno, node.end_col_offset))

    def function(self, node, names, owner, in_class, fstring):
        decorators = getattr(node, "decorator_list", [])
        outside = [(child, names, owner, in_class, fstring) for child in decorators]
        name = getattr(node, "name", "<lambda>")
        qualname = ".".join((*names, name))
        inner = owner
        if fstring is None:
            kind = "lambda"
            if not isinstance(node, ast.Lambda):
                kind = "method" if in_class else "function"
                if isinstance(node, ast.AsyncFunctionDef):
                    kind = "async_" + kind
            inner = (*self.span(node), qualname)
            self.functions.append((*inner, kind))
        else:
            self.lost.append((node.lineno, "lambda", "no reliable position inside an f-string"))
        skip = {id(child) for child in decorators}
        return outside + [(child, (*names, name, "<locals>"), inner, False, fstring)
                          for child in ast.iter_child_nodes(node) if id(child) not in skip]

    @staticmethod
    def inside_class(node, names, owner, fstring):
        body = {id(child) for child in node.body}
        for child in ast.iter_child_nodes(node):
            inside = id(child) in body
            yield (child, (*names, node.name) if inside else names, owner, inside, fstring)

    def call(self, node, owner, fstring):
        start, end, callee = self.called(node)
        if fstring is not None and not (fstring[0] <= start < end <= fstring[1]
                                        and callee != "<expression>"
                                        and self.text.bytes[start:end] == callee.encode()):
            callee = None
        if callee is None or (start, end) in self.taken:
            self.lost.append((node.lineno, "call", "no reliable position inside an f-string"))
            return
        self.taken.add((start, end))
        self.calls.append((start, end, callee))
        self.expected.append((start, end, callee, *(owner or (None, None, None))))

    def called(self, node):
        """Span and name of what is called."""
        function = node.func
        end = self.text.offset(function.end_lineno, function.end_col_offset)
        name = getattr(function, "id", None) or getattr(function, "attr", None)
        if not isinstance(function, (ast.Name, ast.Attribute)):
            return end, self.text.offset(node.end_lineno, node.end_col_offset), "<expression>"
        start = end - len(name.encode())
        if self.text.bytes[start:end] != name.encode():
            # Python compares names in normal form NFKC; the file may spell them otherwise.
            before = self.text.bytes[self.text.starts[function.end_lineno - 1]:end]
            spelled = LAST_NAME.search(before.decode("utf-8", errors="replace"))
            start = end - len(spelled[0].encode()) if spelled else start
        return start, end, name


def token_calls(text):
    """Each name before an opening parenthesis, with its byte span."""
    lines = []

    def next_line():
        line = next(source, "")
        lines.append(line)
        return line

    source = text.lines()
    before, name = "", None
    for token in tokenize.generate_tokens(next_line):
        if name is not None and token.type == tokenize.OP and token.string == "(":
            row, column = name.start
            start = text.starts[row - 1] + len(lines[row - 1][:column].encode())
            yield start, start + len(name.string.encode()), name.string
        is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
        name = token if is_name and before not in ("def", "class") else None
        before = token.string


def collect(job):
    """Everything about one file: (functions, calls, token calls, expected, not collected)."""
    root, path = job
    raw = Path(root, path).read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(raw)
        text = Text(raw)
        tree = Tree(text)
        tree.walk(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        return path, [], [], [], [], [(line, "file", f"does not parse: {reason}")]
    try:
        tokens = list(token_calls(text))
    except (tokenize.TokenError, SyntaxError) as error:
        tokens = []
        tree.lost.append((0, "tokens", f"the tokens do not end: {error.args[0]}"))
    return (path, sorted(tree.functions), sorted(tree.calls), sorted(tokens),
            sorted(tree.expected, key=lambda row: row[:2]), sorted(tree.lost))


def sources(root):
    """Relative paths of the regular .py files under root, in byte order."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            full = os.path.join(folder, name)
            if name.endswith(".py") and os.path.isfile(full) and not os.path.islink(full):
                found.append(os.path.relpath(full, root).replace(os.sep, "/"))
    return sorted(found, key=os.fsencode)


class Writer:
    """The files of one collection, each with its count of rows."""

    def __init__(self, folder, expect):
        folder.mkdir(parents=True, exist_ok=True)
        names = ["functions.ndjson", "calls_ast.ndjson", "calls_tokens.csv", "not_collected.csv"]
        names += ["expected.ndjson"] if expect else []
        self.files = {name: open(folder / name, "w", encoding="utf-8", newline="")
                      for name in names}
        self.counts = dict.fromkeys(names, 0)
        self.csv("calls_tokens.csv", [("path", "bstart", "bend", "callee", "confidence")], 0)
        self.csv("not_collected.csv", [("path", "line", "what", "reason")], 0)

    def csv(self, name, rows, counted=1):
        csv.writer(self.files[name], lineterminator="\n").writerows(rows)
        self.counts[name] += counted * len(rows)

    def ndjson(self, name, columns, rows):
        for row in rows:
            text = json.dumps(dict(zip(columns, row)), ensure_ascii=False, separators=(",", ":"))
            self.files[name].write(text + "\n")
        self.counts[name] += len(rows)

    def close(self):
        for file in self.files.values():
            file.close()


def main():
    default_out = Path(__file__).resolve().parent / "data"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", default=sysconfig.get_paths()["stdlib"])
    parser.add_argument("--out", type=Path, default=default_out)
    parser.add_argument("--expect", action="store_true", help="write the oracle, too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.root):
        sys.exit(f"collect: no such folder: {arguments.root}")

    paths = sources(arguments.root)
    writer = Writer(arguments.out, arguments.expect)
    with multiprocessing.Pool(max(1, arguments.jobs)) as pool:
        for path, functions, calls, tokens, expected, lost in pool.imap(
                collect, [(arguments.root, path) for path in paths], chunksize=8):
            writer.ndjson("functions.ndjson", ("path", "bstart", "bend", "qualname", "kind"),
                          [(path, *row) for row in functions])
            writer.ndjson("calls_ast.ndjson", ("path", "bstart", "bend", "callee", "confidence"),
                          [(path, *row, AST_CONFIDENCE) for row in calls])
            writer.csv("calls_tokens.csv", [(path, *row, TOKEN_CONFIDENCE) for row in tokens])
            writer.csv("not_collected.csv", [(path, *row) for row in lost])
            if arguments.expect:
                writer.ndjson("expected.ndjson",
                              ("path", "bstart", "bend", "callee", "caller_start", "caller_end",
                               "caller"), [(path, *row) for row in expected])
    writer.close()
    print(f"collected {len(paths)} files of {arguments.root}")
    for name, count in writer.counts.items():
        print(f"{count:>9} {name}")


if __name__ == "__main__":
    main()
