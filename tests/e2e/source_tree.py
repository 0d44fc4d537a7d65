"""A small source tree with everything that makes byte spans go wrong."""

FILES = {
    "top.py": """\
import json

def outer(a=len("default"), *, b: "int" = max(1, 2)) -> str:
    def inner():
        return json.dumps({"k": outer()})
    return inner()

value = outer(len("x"))
""",
    "pkg/__init__.py": "",
    "pkg/unicode.py": """\
# Überschrift — “quoted” 日本語
def grüße(name):
    text = "äöü 😀"; print(text.upper(), name.strip())
    return (lambda s: s.lower())(text)

größe = grüße("é")
""",
    "pkg/decorated.py": """\
import functools

def register(name):
    def wrap(f):
        return f
    return wrap

class Service(dict(x=1).__class__):
    table = list(range(3))

    @register("a".upper())
    @functools.lru_cache(maxsize=int("8"))
    async def fetch(self, key=tuple()):
        @register(str(key))
        def local():
            return [helper(k) for k in sorted(self.keys())]
        return local()

    double = lambda self, x=abs(-1): (lambda y: pow(y, 2))(x)

def helper(k): return k()()[0](1)
""",
    "pkg/deep/crlf.py": "def a():\r\n    return b(\r\n        c()\r\n    )\r\n\r\nb = a\r\n",
    "pkg/deep/bom.py": "\ufeffdef first():\n    return second()\n\nthird = first()\n",
    "pkg/soft.py": """\
def kind(value):
    match (value):
        case dict(x=1):
            return type(value)
        case _:
            return f"{len(str(value))} {value!r:>{max(1, 2)}}"
""",
    "pkg/broken.py": "def broken(:\n    pass\n",
    "pkg/empty.py": "# nothing at all\n",
}
LATIN_1 = ("pkg/latin.py", "# -*- coding: latin-1 -*-\ns = 'äö'; t = str(s); print(t)\n")


def write(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    name, text = LATIN_1
    (folder / name).write_bytes(text.encode("latin-1"))
