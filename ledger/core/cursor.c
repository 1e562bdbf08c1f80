/* Cursor records carry a checksum, because no event covers them. */
#include "ledger/core/cursor.h"

#include <string.h>

#include "base/text.h"

#define CLAIM_DOMAIN "ledger/cursor-claim/v1"
#define CLAIM_PART   (CURSOR_CLAIM / 2)

static void check_of(struct bytes name, struct bytes value, uint8_t ret[HASH_LEN]) {
    static const uint8_t nul = 0;
    const struct bytes parts[] = {name, {&nul, 1}, value};
    hash_parts(ret, parts, 3);
}

int cursor_name_check(const char *name, struct err *err) {
    struct bytes text = bytes_of(name);
    if (text.n == 0) {
        return err_set(err, ERR_INVALID, "the cursor has no name; expected: 1 to %d bytes of UTF-8", CURSOR_NAME_MAX);
    }
    if (text.n > CURSOR_NAME_MAX) {
        return err_set(err, ERR_LIMIT, "the cursor's name has %zu bytes, at most %d are accepted", text.n, CURSOR_NAME_MAX);
    }
    size_t good = text_utf8_valid(text.p, text.n);
    if (good < text.n) {
        return err_set(err, ERR_INVALID, "the cursor's name is not UTF-8 at byte %zu", good);
    }
    return text_has_control(text) ? err_set(err, ERR_INVALID, "the cursor's name has a control character") : 0;
}

int cursor_encode(struct buf *out, struct bytes name, struct bytes value) {
    uint8_t check[HASH_LEN];
    check_of(name, value, check);
    buf_put(out, check, CURSOR_CHECK);
    return buf_put_bytes(out, value);
}

int cursor_decode(struct bytes name, struct bytes record, struct bytes *ret_value, struct err *err) {
    uint8_t check[HASH_LEN];
    if (record.n >= CURSOR_CHECK) {
        struct bytes value = {record.p + CURSOR_CHECK, record.n - CURSOR_CHECK};
        check_of(name, value, check);
        if (memcmp(check, record.p, CURSOR_CHECK) == 0 && value.n <= CURSOR_VALUE_MAX) {
            *ret_value = value;
            return 0;
        }
    }
    return err_set(err, ERR_CORRUPT, "the cursor '%.*s' was changed", (int)(name.n > 64 ? 64 : name.n),
                   (const char *)name.p);
}

static void claim_part(const uint8_t secret[HASH_LEN], char which, struct bytes of, uint8_t ret[CLAIM_PART]) {
    uint8_t hash[HASH_LEN];
    const struct bytes parts[] = {
        {(const uint8_t *)CLAIM_DOMAIN, sizeof(CLAIM_DOMAIN)}, {(const uint8_t *)&which, 1}, {secret, HASH_LEN}, of};
    hash_parts(hash, parts, 4);
    memcpy(ret, hash, CLAIM_PART);
}

void cursor_claim(const uint8_t secret[HASH_LEN], struct bytes name, uint8_t ret[CURSOR_CLAIM]) {
    claim_part(secret, 'n', name, ret);
    claim_part(secret, 'o', (struct bytes){ret, CLAIM_PART}, ret + CLAIM_PART);
}

bool cursor_claim_is_ours(const uint8_t secret[HASH_LEN], const uint8_t claim[CURSOR_CLAIM]) {
    uint8_t expected[CLAIM_PART];
    claim_part(secret, 'o', (struct bytes){claim, CLAIM_PART}, expected);
    return memcmp(expected, claim + CLAIM_PART, CLAIM_PART) == 0;
}
