/* The head record as a canonical msgpack array:
 *   [1, size, time, epoch, epoch_from, epoch_since, bin prev, bin seed, wall, boot, bin16 boot id, keyed_from, bin edge,
 *    bin8 check]
 * edge is popcount(size) hashes, largest subtree first; check is the first 8 bytes of SHA-256 over all bytes before it,
 * because nothing else implies the clocks. */
#include "ledger/event/head.h"

#include <string.h>

#include "base/hash.h"
#include "base/mp.h"

#define HEAD_VERSION  1
#define HEAD_ELEMENTS 14
#define HEAD_CHECK    8

int head_encode(struct buf *out, const struct head *h) {
    uint8_t check[HASH_LEN];
    size_t start = out->n;
    mp_put_array(out, HEAD_ELEMENTS);
    mp_put_uint(out, HEAD_VERSION);
    mp_put_uint(out, h->size);
    mp_put_uint(out, h->time);
    mp_put_uint(out, h->epoch);
    mp_put_uint(out, h->epoch_from);
    mp_put_uint(out, h->epoch_since);
    mp_put_bin(out, (struct bytes){h->prev, EVENT_HASH});
    mp_put_bin(out, (struct bytes){h->seed, EVENT_HASH});
    mp_put_uint(out, h->wall);
    mp_put_uint(out, h->boot);
    mp_put_bin(out, (struct bytes){h->boot_id, CLOCK_BOOT_ID_LEN});
    mp_put_uint(out, h->keyed_from);
    mp_put_bin(out, (struct bytes){h->edge.hash[0], (size_t)merkle_edge_count(h->size) * MERKLE_HASH});
    if (out->fail == 0) {
        const struct bytes before = {out->p + start, out->n - start};
        hash_parts(check, &before, 1);
        mp_put_bin(out, (struct bytes){check, HEAD_CHECK});
    }
    return out->fail;
}

int head_decode(struct bytes record, struct head *ret, struct err *err) {
    struct mp_reader r;
    struct head h = {0};
    uint64_t version;
    mp_reader_init(&r, record);
    if (!mp_take_array(&r, HEAD_ELEMENTS) || !mp_take_uint(&r, MP_INT_MAX, &version)) {
        return err_set(err, ERR_CORRUPT, "the head record does not parse");
    }
    if (version != HEAD_VERSION) {
        return err_set(err, ERR_VERSION, "head record version %llu is not known, this program reads %d",
                       (unsigned long long)version, HEAD_VERSION);
    }
    bool good = mp_take_uint(&r, MP_INT_MAX, &h.size) && mp_take_uint(&r, MP_INT_MAX, &h.time) &&
                mp_take_uint(&r, MP_INT_MAX, &h.epoch) && mp_take_uint(&r, MP_INT_MAX, &h.epoch_from) &&
                mp_take_uint(&r, MP_INT_MAX, &h.epoch_since) && mp_take_bin(&r, h.prev, EVENT_HASH) &&
                mp_take_bin(&r, h.seed, EVENT_HASH) && mp_take_uint(&r, MP_INT_MAX, &h.wall) &&
                mp_take_uint(&r, MP_INT_MAX, &h.boot) && mp_take_bin(&r, h.boot_id, CLOCK_BOOT_ID_LEN) &&
                mp_take_uint(&r, MP_INT_MAX, &h.keyed_from);
    h.edge.size = h.size;
    good = good && mp_take_bin(&r, h.edge.hash, (size_t)merkle_edge_count(h.size) * MERKLE_HASH);
    if (good) {
        uint8_t check[HASH_LEN], stored[HEAD_CHECK];
        const struct bytes before = {record.p, (size_t)(r.p - record.p)};
        hash_parts(check, &before, 1);
        good = mp_take_bin(&r, stored, HEAD_CHECK) && memcmp(check, stored, HEAD_CHECK) == 0 && r.p == r.end;
    }
    if (!good) return err_set(err, ERR_CORRUPT, "the head record does not parse or was changed");
    *ret = h;
    return 0;
}
