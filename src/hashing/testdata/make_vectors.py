#!/usr/bin/env python3
"""Makes blake3_vectors.txt, canonical_vectors.txt and rows_vector.txt for the hashing tests.

    pip install blake3==1.0.11 xxhash==4.1.0
    python3 make_vectors.py

The canonical encoding is written here a second time, from the table in canonical.h, so that
the C++ code is compared with something other than itself.
"""
import pathlib
import struct

import blake3
import xxhash

HERE = pathlib.Path(__file__).parent

# The input of the reference test vectors: bytes 0..250 over and over.
SIZES = [0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2047, 2048, 2049, 3072, 3073,
         4095, 4096, 4097, 5120, 5121, 6144, 6145, 7168, 7169, 8192, 8193, 9217, 15360, 16383,
         16384, 16385, 17408, 17409, 31744, 32768, 32769, 65537, 102400, 262145, 1000000]


def integer(value):
    if -(1 << 63) <= value < 1 << 63:
        return b"\x02" + struct.pack("<q", value)
    return b"\x03" + struct.pack("<Q", value)


def real(value):
    if value != value:
        return b"\x04" + struct.pack("<Q", 0x7FF8000000000000)
    return b"\x04" + struct.pack("<d", value + 0.0)


def text(value):
    raw = value.encode()
    return b"\x05" + struct.pack("<Q", len(raw)) + raw


def binary(value):
    return b"\x06" + struct.pack("<Q", len(value)) + value


def decimal(scale, unscaled):
    return b"\x07" + struct.pack("<i", scale) + unscaled.to_bytes(32, "little", signed=True)


def container(tag, *values):
    return bytes([tag]) + struct.pack("<Q", len(values)) + b"".join(values)


NULL = b"\x00"
TRUE = b"\x01\x01"
FALSE = b"\x01\x00"

CANONICAL = [
    ("null", NULL),
    ("true", TRUE),
    ("false", FALSE),
    ("int_0", integer(0)),
    ("int_-1", integer(-1)),
    ("int_max", integer((1 << 63) - 1)),
    ("int_min", integer(-(1 << 63))),
    ("unsigned_above_int", integer(1 << 63)),
    ("unsigned_max", integer((1 << 64) - 1)),
    ("float_0", real(0.0)),
    ("float_negative_0", real(-0.0)),
    ("float_1.5", real(1.5)),
    ("float_nan", real(float("nan"))),
    ("float_infinity", real(float("inf"))),
    ("text_empty", text("")),
    ("text_abc", text("abc")),
    ("text_unicode", text("h\u00e9 \u4e2d \U0001F600")),
    ("binary_abc", binary(b"abc")),
    ("decimal_-1.23", decimal(2, -123)),
    ("date_19000", b"\x08" + struct.pack("<q", 19000)),
    ("timestamp_us", b"\x0a\x02" + struct.pack("<q", -5)),
    ("list_ab_c", container(0x10, text("ab"), text("c"))),
    ("list_a_bc", container(0x10, text("a"), text("bc"))),
    ("list_abc", container(0x10, text("abc"))),
    ("list_null", container(0x10, NULL)),
    ("list_empty", container(0x10)),
    ("struct_1_null", container(0x11, integer(1), NULL)),
]


def logical_type(name, children=(), parameters=(0, 0, 0, 0, 0), suffix=""):
    return container(
        0x11, text(name),
        container(0x11, *[integer(p) for p in parameters], text(suffix)),
        container(0x10, *[container(0x11, text(field), child) for field, child in children]))


def rows_digest():
    """n int64 = 1, null, 3; s utf8 = "a", "", null: as StreamDigest documents it."""
    schema = text("lakegate.logical_schema.1") + logical_type(
        "struct", [("n", logical_type("int64")), ("s", logical_type("utf8"))])
    columns = [integer(1) + NULL + integer(3), text("a") + text("") + NULL]
    digests = [binary(blake3.blake3(column).digest()) for column in columns]
    whole = text("lakegate.rows.1") + binary(schema) + integer(3) + container(0x10, *digests)
    return blake3.blake3(whole).hexdigest()


def main():
    (HERE / "rows_vector.txt").write_text(rows_digest() + "\n")
    with open(HERE / "blake3_vectors.txt", "w") as out:
        out.write("# size and BLAKE3-256 of bytes 0..250 repeated; made by make_vectors.py\n")
        for size in SIZES:
            data = (bytes(range(251)) * (size // 251 + 1))[:size]
            out.write(f"{size} {blake3.blake3(data).hexdigest()}\n")
    with open(HERE / "canonical_vectors.txt", "w") as out:
        out.write("# name, canonical bytes, XXH3-64, XXH3-128; made by make_vectors.py\n")
        for name, data in CANONICAL:
            out.write(f"{name} {data.hex()} {xxhash.xxh3_64_hexdigest(data)} "
                      f"{xxhash.xxh3_128_hexdigest(data)}\n")


main()
