/* Walks the archive by the same headers as reading.c, which checks what is between them; so both count the same members.
 * Each member has at least a header, which bounds how many there are in bytes that were put and not yet asked for:
 *
 *   header 512 . content . padding . header 512 ...
 *                       ^ its digest goes to the ring */
#include "export/verify/digests.h"

#include <stdlib.h>
#include <string.h>

#include "base/archive/ustar.h"
#include "base/hash.h"

#define RING (DIGESTS_BEHIND_MAX / USTAR_BLOCK + 1)

struct digests {
    struct hash *hash;
    uint64_t left;  /* of the current content */
    size_t padding; /* after it */
    size_t have;    /* bytes of the next header */
    bool ended;
    uint64_t members;
    uint8_t block[USTAR_BLOCK];
    uint8_t ring[RING][DIGESTS_LEN];
};

struct digests *digests_new(void) {
    struct digests *d = calloc(1, sizeof(*d));
    if (d != NULL && (d->hash = hash_new()) == NULL) {
        free(d);
        return NULL;
    }
    return d;
}

void digests_free(struct digests *digests) {
    if (digests != NULL) {
        hash_free(digests->hash);
        free(digests);
    }
}

static void end_content(struct digests *d) {
    hash_end(d->hash, d->ring[d->members++ % RING]);
}

static void take_header(struct digests *d) {
    char name[USTAR_NAME_MAX + 1];
    d->have = 0;
    d->ended = ustar_parse(d->block, name, &d->left, NULL) != 0;
    if (!d->ended) {
        d->padding = ustar_padding(d->left);
        if (d->left == 0) {
            end_content(d);
        }
    }
}

void digests_put(struct digests *digests, struct bytes bytes) {
    struct digests *d = digests;
    while (bytes.n > 0 && !d->ended) {
        size_t n;
        if (d->left > 0) {
            n = bytes.n < d->left ? bytes.n : (size_t)d->left;
            hash_put(d->hash, bytes.p, n);
            d->left -= n;
            if (d->left == 0) {
                end_content(d);
            }
        } else if (d->padding > 0) {
            n = bytes.n < d->padding ? bytes.n : d->padding;
            d->padding -= n;
        } else {
            n = bytes.n < USTAR_BLOCK - d->have ? bytes.n : USTAR_BLOCK - d->have;
            memcpy(d->block + d->have, bytes.p, n);
            d->have += n;
            if (d->have == USTAR_BLOCK) {
                take_header(d);
            }
        }
        bytes.p += n;
        bytes.n -= n;
    }
}

void digests_get(const struct digests *digests, uint64_t member, uint8_t ret[DIGESTS_LEN]) {
    memcpy(ret, digests->ring[member % RING], DIGESTS_LEN);
}
