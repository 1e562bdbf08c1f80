/*   0 name[100]  100 mode[8]  108 uid[8]  116 gid[8]  124 size[12]  136 mtime[12]  148 checksum[8]  156 type
 * 157 link[100]  257 "ustar\0" 263 "00"   265 uname[32]  297 gname[32]  329 devmajor[8]  337 devminor[8]  345 prefix[155]
 *
 * Numbers are octal digits that fill the field but for a final NUL; the checksum, the sum of all bytes with its own field
 * as spaces, is six digits, NUL and space. */
#include "base/archive/ustar.h"

#include <stdio.h>
#include <string.h>

enum { AT_NAME = 0, AT_MODE = 100, AT_UID = 108, AT_GID = 116, AT_SIZE = 124, AT_TIME = 136, AT_SUM = 148, AT_TYPE = 156 };
enum { AT_MAGIC = 257, AT_MAJOR = 329, AT_MINOR = 337 };

static const char *name_fault(struct bytes name) {
    if (name.n == 0 || name.n > USTAR_NAME_MAX) return "must have 1 to 99 bytes";
    for (size_t i = 0, part = 0; i <= name.n; i++) {
        if (i < name.n && name.p[i] != '/') {
            if (name.p[i] <= 0x20 || name.p[i] >= 0x7f) return "has unprintable bytes";
            continue;
        }
        size_t n = i - part;
        if (n == 0 || (n <= 2 && memcmp(name.p + part, "..", n) == 0)) {
            return "has an empty part, '.' or '..'";
        }
        part = i + 1;
    }
    return NULL;
}

static void put_octal(uint8_t *at, size_t width, uint64_t v) {
    for (size_t i = width - 1; i-- > 0; v >>= 3) {
        at[i] = (uint8_t)('0' + (v & 7));
    }
}

int ustar_header(uint8_t ret[USTAR_BLOCK], struct bytes name, uint64_t size, struct err *err) {
    const char *fault = name_fault(name);
    unsigned sum = 0;
    if (fault != NULL) return err_set(err, ERR_INVALID, "a member's name %s", fault);
    if (size > USTAR_SIZE_MAX) {
        return err_set(err, ERR_LIMIT, "'%.*s' is too large for an archive, which takes files of at most 8 GiB",
                       (int)name.n, (const char *)name.p);
    }
    memset(ret, 0, USTAR_BLOCK);
    memcpy(ret + AT_NAME, name.p, name.n);
    put_octal(ret + AT_MODE, 8, 0644);
    put_octal(ret + AT_UID, 8, 0);
    put_octal(ret + AT_GID, 8, 0);
    put_octal(ret + AT_SIZE, 12, size);
    put_octal(ret + AT_TIME, 12, 0);
    memset(ret + AT_SUM, ' ', 8);
    ret[AT_TYPE] = '0';
    memcpy(ret + AT_MAGIC, "ustar\00000", 8);
    put_octal(ret + AT_MAJOR, 8, 0);
    put_octal(ret + AT_MINOR, 8, 0);
    for (size_t i = 0; i < USTAR_BLOCK; i++) {
        sum += ret[i];
    }
    put_octal(ret + AT_SUM, 7, sum);
    ret[AT_SUM + 6] = 0;
    return 0;
}

static bool get_octal(const uint8_t *at, size_t digits, uint64_t *ret) {
    uint64_t v = 0;
    for (size_t i = 0; i < digits; i++) {
        if (at[i] < '0' || at[i] > '7') return false;
        v = v << 3 | (at[i] & 7U);
    }
    *ret = v;
    return true;
}

int ustar_parse(const uint8_t block[USTAR_BLOCK], char ret_name[USTAR_NAME_MAX + 1], uint64_t *ret_size, struct err *err) {
    static const uint8_t zeros[USTAR_BLOCK];
    uint8_t again[USTAR_BLOCK];
    uint64_t size;
    struct bytes name = {block, strnlen((const char *)block, USTAR_NAME_MAX)};
    if (memcmp(block, zeros, USTAR_BLOCK) == 0) return 1;
    if (!get_octal(block + AT_SIZE, 11, &size)) {
        return err_set(err, ERR_CORRUPT, "no ustar header: its size is not 11 octal digits");
    }
    if (ustar_header(again, name, size, err) != 0) {
        return err_set(err, ERR_CORRUPT, "a member's name is not 1 to 99 printable bytes without '.', '..' or empty parts");
    }
    for (size_t i = 0; i < USTAR_BLOCK; i++) {
        if (block[i] != again[i]) {
            return err_set(err, ERR_CORRUPT, "the header of '%.*s' differs at byte %zu from a plain ustar header",
                           (int)name.n, (const char *)name.p, i);
        }
    }
    memcpy(ret_name, name.p, name.n);
    ret_name[name.n] = 0;
    *ret_size = size;
    return 0;
}

size_t ustar_padding(uint64_t size) {
    return (USTAR_BLOCK - size % USTAR_BLOCK) % USTAR_BLOCK;
}
