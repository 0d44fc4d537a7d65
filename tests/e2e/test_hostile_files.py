"""Files that somebody broke on purpose: cut, flipped, with lengths that lie.

Each one is read whole by a process that may have 4 GiB. It answers, or it refuses with a typed
error that names the file; it never dies, never hangs and never calls the damage a bug of its own.
The failing seed is in the message.
"""

import json
import os
import random
import resource

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from conftest import EXIT_CODES, error_object

# What damage may be called.
DAMAGE = {"kCorruptData", "kIo", "kResourceLimit", "kUnsupported", "kSchemaMismatch", "kNotFound",
          "kInvalidArgument"}
ROUNDS = 400 if os.environ.get("LAKEGATE_SOAK") else 60
MEMORY = 4 << 30


def table():
    count = 500
    choose = random.Random(1)
    return pa.table({
        "id": pa.array(range(count), pa.int64()),
        "word": [None if i % 11 == 0 else f"word {choose.randrange(50)}" for i in range(count)],
        "kind": pa.array([f"k{i % 3}" for i in range(count)]).dictionary_encode(),
        "score": [choose.random() for _ in range(count)],
        "tags": [[f"t{k}" for k in range(i % 4)] for i in range(count)],
        "at": pa.array(range(count), pa.timestamp("us")),
        "point": [{"x": i, "y": None if i % 5 == 0 else -i} for i in range(count)],
    })


def flat():
    return table().select(["id", "word", "score"])


def write_csv(path):
    rows = flat().to_pylist()
    lines = ["id,word,score"] + [f'{r["id"]},"{r["word"] or ""}",{r["score"]}' for r in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_ndjson(path):
    path.write_text("".join(json.dumps(row) + "\n" for row in flat().to_pylist()),
                    encoding="utf-8")


def write_parquet(codec, version="1.0"):
    return lambda path: pyarrow.parquet.write_table(
        table(), path, compression=codec, row_group_size=200, data_page_size=512,
        data_page_version=version)


def write_ipc(compression):
    return lambda path: pyarrow.feather.write_feather(table(), path, compression=compression)


FILES = {
    "rows.csv": write_csv,
    "rows.ndjson": write_ndjson,
    "plain.parquet": write_parquet("none"),
    "snappy.parquet": write_parquet("snappy"),
    "zstd.parquet": write_parquet("zstd", "2.0"),
    "gzip.parquet": write_parquet("gzip"),
    "plain.arrow": write_ipc("uncompressed"),
    "lz4.arrow": write_ipc("lz4"),
}
LYING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
         0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def damaged(content, choose):
    """One to three pieces of damage, more of them near the end, where footers lie."""
    made = bytearray(content)

    def place():
        tail = min(len(made), 2000)
        if choose.random() < 0.5:
            return len(made) - 1 - choose.randrange(tail)
        return choose.randrange(len(made))

    for _ in range(choose.randint(1, 3)):
        if len(made) < 16:
            break
        kind = choose.randrange(6)
        at = place()
        if kind == 0:
            made[at] ^= 1 << choose.randrange(8)
        elif kind == 1:
            number = choose.choice(LYING)
            width = choose.choice((1, 2, 4, 8))
            made[at:at + width] = (number & ((1 << 8 * width) - 1)).to_bytes(width, "little")
        elif kind == 2:
            del made[at:]
        elif kind == 3:
            del made[at:at + choose.randrange(1, 64)]
        elif kind == 4:
            made[at:at] = made[at - 64 if at > 64 else 0:at]
        else:
            made[at:at + 32] = bytes(choose.randrange(256) for _ in range(32))
    return bytes(made)


def read(lakegate, path, name):
    """Reads every value; returns what was said, or None for an answer."""
    done = lakegate.run("sql", "--json", "--format", "ndjson", "--table", f"t={path}",
                        "SELECT * FROM t", timeout=60,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS,
                                                              (MEMORY, MEMORY)))
    assert done.returncode >= 0, f"{name}: killed by signal {-done.returncode}\n{done.stderr}"
    if done.returncode == 0:
        return None
    error = error_object(done.stderr)
    assert done.returncode == EXIT_CODES[error["kind"]], f"{name}: {error}"
    assert error["kind"] in DAMAGE, f"{name}: {error}"
    return error


@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_refused_or_read(lakegate, file):
    good = lakegate.folder / "good"
    good.mkdir()
    FILES[file](good / file)
    content = (good / file).read_bytes()
    assert read(lakegate, good / file, file) is None
    path = lakegate.folder / file
    refused = 0
    for seed in range(ROUNDS):
        path.write_bytes(damaged(content, random.Random(f"{file} {seed}")))
        error = read(lakegate, path, f"{file} seed {seed}")
        if error is not None:
            refused += 1
            assert file in str(error), f"{file} seed {seed}: the error does not name the file: {error}"
    assert refused > 0


def lying(content):
    """The first compressed buffer, of 500 numbers, says that it holds 12 GiB."""
    place = content.index((4000).to_bytes(8, "little"))
    return content[:place] + (12 << 30).to_bytes(8, "little") + content[place + 8:]


@pytest.mark.parametrize("file, damage, kind", [
    ("lz4.arrow", lying, "kResourceLimit"),
    ("lz4.arrow", lambda content: content[:-20], "kCorruptData"),
    ("plain.arrow", lambda content: content[:-20], "kCorruptData"),
    ("plain.arrow", lambda content: content[:-10] + b"\xff\xff\xff\x7f" + content[-6:],
     "kCorruptData"),
])
def test_an_arrow_file_is_measured_before_it_is_read(lakegate, file, damage, kind):
    path = lakegate.folder / file
    FILES[file](path)
    path.write_bytes(damage(path.read_bytes()))
    error = read(lakegate, path, file)
    assert error is not None and error["kind"] == kind and file in str(error)


def test_a_damaged_delta_log_is_refused_or_read(lakegate):
    good = lakegate.folder / "good"
    for number in range(3):
        lakegate.ok("write", "--sql", f"SELECT {number} AS id, 'w' AS word UNION ALL SELECT 9, 'v'",
                    "--to", good, "--format", "delta", "--mode", "append")
    files = sorted(path for path in good.rglob("*") if path.is_file())
    contents = {path: path.read_bytes() for path in files}
    refused = 0
    for seed in range(ROUNDS):
        choose = random.Random(f"delta {seed}")
        path = choose.choice(files)
        path.write_bytes(damaged(contents[path], choose))
        error = read(lakegate, good, f"delta seed {seed}, {path.name}")
        if error is not None:
            refused += 1
            log = "_delta_log" if path.parent.name == "_delta_log" else path.name
            assert path.name in str(error) or log in str(error), \
                f"delta seed {seed}, {path.name}: {error}"
        path.write_bytes(contents[path])
    assert refused > 0
    assert read(lakegate, good, "delta") is None
