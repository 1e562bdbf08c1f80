"""make_stale.py BOX PROJECTION: marks the stored states of a projection as made by the next version of its code.

Its record is the key, a check of 8 bytes and a list (projections/store/store.h); the file may have old copies of it."""
import hashlib
import sys

path = sys.argv[1] + "/derived/data.mdb"
key = b"projection/" + sys.argv[2].encode()
data = bytearray(open(path, "rb").read())


def check(value):
    return hashlib.sha256(key + b"\0" + value).digest()[:8]


changed = 0
at = data.find(key)
while at >= 0:
    begin = at + len(key)
    found = bytes(data[begin : begin + 8])
    for n in range(16, 512):
        value = data[begin + 8 : begin + 8 + n]
        # [1, [version, ...], ...]: lists of up to 15, and a version of one byte
        if check(value) == found and value[0] >> 4 == 9 and value[1] == 1 and value[2] >> 4 == 9 and value[3] < 127:
            value[3] += 1
            data[begin : begin + 8] = check(value)
            data[begin + 8 : begin + 8 + n] = value
            changed += 1
            break
    at = data.find(key, begin)
assert changed > 0, "no record of the projection"
open(path, "r+b").write(data)
