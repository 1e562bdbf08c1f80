/* Making vouchers and holding bytes against them. */
#include "ledger/dedup/vouch.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "ledger/dedup/hints.h"

#define ID_LEN  16
#define MAC_LEN 16
#define KEY_LEN 10
#define MAX     (SIZE_MAX / 2)

/* ---- the key ---- */

/* Published once and kept until the ledger is closed. */
static int make_key(struct ledger *ledger, struct err *err) {
    static const char domain[] = "ledger/derived-data/v1";
    uint8_t *key = crypt_secret_new(32);
    if (key == NULL) return err_set(err, ERR_NOMEM, "out of memory for a key");
    crypt_keyed_hash(key, bytes_of(domain), ledger->write.keyring.log.secret); /* whose first 32 bytes are the seed */
    atomic_store(&ledger->vouching, key);
    return 0;
}

int vouch_load_locked(struct ledger *ledger, struct err *err) {
    if (vouch_able(ledger)) return 0;
    int rc = keyring_load_log(&ledger->write.keyring, ledger->config.keys,
                              (struct bytes){ledger->passphrase, ledger->passphrase_len}, &ledger->log, err);
    if (rc == 0) rc = make_key(ledger, err);
    return rc;
}

int vouch_load(struct ledger *ledger, struct err *err) {
    pthread_mutex_lock(&ledger->write.lock);
    int rc = vouch_load_locked(ledger, err);
    pthread_mutex_unlock(&ledger->write.lock);
    return rc;
}

bool vouch_able(const struct ledger *ledger) {
    return atomic_load(&ledger->vouching) != NULL;
}

/* ---- vouchers ---- */

static struct bytes key_of(const struct vouch_piece *piece, uint8_t ret[KEY_LEN]) {
    ret[0] = piece->what;
    be64_put(ret + 1, piece->first);
    ret[9] = (uint8_t)__builtin_ctzll(piece->events);
    return (struct bytes){ret, KEY_LEN};
}

int vouch_piece(struct core_view *view, uint8_t what, uint64_t first, uint64_t events, struct vouch_piece *ret,
                struct err *err) {
    unsigned level = (unsigned)__builtin_ctzll(events);
    *ret = (struct vouch_piece){.what = what, .first = first, .events = events};
    return core_node(view, level, first >> level, ret->node, err);
}

/* The key of one voucher's chunks. */
static void piece_key(const struct ledger *ledger, const struct vouch_piece *piece, uint64_t n, const uint8_t id[ID_LEN],
                      uint8_t ret[32]) {
    uint8_t facts[1 + 3 * 8 + EVENT_HASH + ID_LEN];
    facts[0] = piece->what;
    be64_put(facts + 1, piece->first);
    be64_put(facts + 9, piece->events);
    be64_put(facts + 17, n);
    memcpy(facts + 25, piece->node, EVENT_HASH);
    memcpy(facts + 25 + EVENT_HASH, id, ID_LEN);
    crypt_keyed_hash(ret, (struct bytes){facts, sizeof(facts)}, atomic_load(&ledger->vouching));
}

/* Of chunk i, which is copied to `chunk`, after its number. */
static size_t chunk_of(struct bytes bytes, size_t i, uint8_t chunk[4 + VOUCH_CHUNK]) {
    size_t at = i * VOUCH_CHUNK, n = bytes.n - at < VOUCH_CHUNK ? bytes.n - at : VOUCH_CHUNK;
    be32_put(chunk, (uint32_t)i);
    memcpy(chunk + 4, bytes.p + at, n);
    return n;
}

static size_t chunks_in(size_t n) {
    return (n + VOUCH_CHUNK - 1) / VOUCH_CHUNK;
}

int vouch_put(struct ledger *ledger, struct db_txn *txn, const struct vouch_piece *piece, struct bytes bytes,
              struct err *err) {
    uint8_t id[ID_LEN], key[32], mac[32], at[KEY_LEN], chunk[4 + VOUCH_CHUNK];
    struct buf voucher = {.max = MAX};
    if (!vouch_able(ledger)) return 0;
    crypt_random(id, sizeof(id));
    piece_key(ledger, piece, bytes.n, id, key);
    buf_put(&voucher, id, sizeof(id));
    for (size_t i = 0; i < chunks_in(bytes.n); i++) {
        size_t n = chunk_of(bytes, i, chunk);
        crypt_keyed_hash(mac, (struct bytes){chunk, 4 + n}, key);
        buf_put(&voucher, mac, MAC_LEN);
    }
    crypt_wipe(key, sizeof(key));
    int rc = buf_check(&voucher, "a voucher", err);
    if (rc == 0) rc = db_put(txn, HINTS_VOUCHER, key_of(piece, at), bytes_of_buf(&voucher), DB_PUT, err);
    buf_done(&voucher);
    return rc;
}

int vouch_del(struct db_txn *txn, const struct vouch_piece *piece, struct err *err) {
    uint8_t key[KEY_LEN];
    return db_del(txn, HINTS_VOUCHER, key_of(piece, key), err);
}

int vouch_clear(struct db_txn *txn, uint8_t what, struct err *err) {
    return db_clear_prefix(txn, HINTS_VOUCHER, (struct bytes){&what, 1}, err);
}

/* ---- bytes that are held against one ---- */

static bool room(struct vouched *v, size_t n) {
    if (n > v->cap) {
        free(v->copy);
        free(v->proven);
        v->copy = malloc(n);
        v->proven = malloc((chunks_in(n) + 63) / 64 * sizeof(*v->proven));
        v->cap = v->copy == NULL || v->proven == NULL ? 0 : n;
    }
    return n <= v->cap;
}

/* The voucher of this piece, when it is one for so many bytes. */
static bool find(struct db_txn *txn, const struct vouch_piece *piece, size_t n, struct bytes *ret) {
    uint8_t key[KEY_LEN];
    return n > 0 && db_get(txn, HINTS_VOUCHER, key_of(piece, key), ret, NULL) == 0 &&
           ret->n == ID_LEN + MAC_LEN * chunks_in(n);
}

bool vouched_open(struct vouched *v, struct ledger *ledger, struct db_txn *txn, const struct vouch_piece *piece,
                  struct bytes bytes) {
    struct bytes voucher;
    v->n = 0;
    v->source = (struct bytes){NULL, 0};
    v->voucher.max = MAX;
    buf_clear(&v->voucher);
    if (!vouch_able(ledger) || !find(txn, piece, bytes.n, &voucher) || !room(v, bytes.n) ||
        buf_put_bytes(&v->voucher, voucher) != 0) {
        return false;
    }
    memset(v->proven, 0, (chunks_in(bytes.n) + 63) / 64 * sizeof(*v->proven));
    piece_key(ledger, piece, bytes.n, v->voucher.p, v->key);
    v->source = bytes;
    v->n = bytes.n;
    return true;
}

bool vouched_again(struct vouched *v, struct db_txn *txn, const struct vouch_piece *piece, struct bytes bytes) {
    struct bytes voucher;
    if (bytes.n != v->n || !find(txn, piece, bytes.n, &voucher) || !bytes_eq(voucher, bytes_of_buf(&v->voucher))) {
        return false;
    }
    v->source = bytes;
    return true;
}

void vouched_rest(struct vouched *v) {
    v->source = (struct bytes){NULL, 0};
}

void vouched_done(struct vouched *v) {
    buf_done(&v->voucher);
    free(v->copy);
    free(v->proven);
    crypt_wipe(v->key, sizeof(v->key));
    *v = (struct vouched){0};
}

static bool prove_chunk(struct vouched *v, size_t i) {
    uint8_t chunk[4 + VOUCH_CHUNK], mac[32];
    if (v->source.n == 0) return false;
    size_t n = chunk_of(v->source, i, chunk);
    crypt_keyed_hash(mac, (struct bytes){chunk, 4 + n}, v->key);
    if (!crypt_same(mac, v->voucher.p + ID_LEN + MAC_LEN * i, MAC_LEN)) return false;
    memcpy(v->copy + i * VOUCH_CHUNK, chunk + 4, n);
    v->proven[i / 64] |= UINT64_C(1) << i % 64;
    return true;
}

bool vouched_prove(struct vouched *v, size_t at, size_t n) {
    if (at > v->n || n > v->n - at) return false;
    for (size_t i = at / VOUCH_CHUNK; i < chunks_in(at + n); i++) {
        if ((v->proven[i / 64] >> i % 64 & 1) == 0 && !prove_chunk(v, i)) return false;
    }
    return true;
}
