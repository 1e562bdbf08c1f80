/* The checkpoint, and the keys that may have signed it: from genesis over every handover to the head. Each handover is
 * proven in the tree of its own checkpoint, which is proven to be a prefix of the next one's, and finally of the head's.
 *
 * A restore names the tree it continues from, that of the events before it. Its own inclusion proof is for the last leaf
 * of its tree and consists of exactly the subtrees of that earlier tree, so the earlier root can be computed. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "export/verify/key_line.h"
#include "ledger/signing/epoch.h"

#define RECENT 8 /* signers: most checkpoints have those of the one before */

/* ---- a line of `keys` or `erasures` ---- */

void key_line_init(struct key_line *l) {
    *l = (struct key_line){0};
    buf_init(&l->note, NOTE_MAX);
    buf_init(&l->header, EVENT_HEADER_MAX + 4);
    buf_init(&l->payload, EVENT_PAYLOAD_MAX + 4);
}

void key_line_done(struct key_line *l) {
    buf_done(&l->note);
    buf_done(&l->header);
    buf_done(&l->payload);
}

static int take_checkpoint(struct scan *s, struct key_line *l, struct err *err) {
    bool none = false;
    int rc = scan_literal(s, "{\"checkpoint\":", err);
    if (rc == 0) rc = scan_sees(s, "null", &none, err);
    l->has_checkpoint = !none;
    if (rc == 0) rc = none ? scan_literal(s, "null", err) : scan_string(s, &l->note, NOTE_MAX, err);
    if (rc == 0) rc = scan_literal(s, ",\"consistency\":", err);
    if (rc == 0) rc = scan_hashes(s, &l->consistency, err);
    if (rc == 0) rc = scan_literal(s, ",", err);
    return rc;
}

int key_line_take(struct checking *c, struct key_line *l, bool erasure, struct err *err) {
    struct scan *s = &c->scan;
    c->rule = "B10";
    int rc = erasure ? scan_literal(s, "{", err) : take_checkpoint(s, l, err);
    if (rc == 0) rc = scan_literal(s, "\"header\":\"", err);
    if (rc == 0) rc = scan_base64(s, &l->header, EVENT_HEADER_MAX, err);
    if (rc == 0) rc = scan_literal(s, ",\"inclusion\":", err);
    if (rc == 0) rc = scan_hashes(s, &l->inclusion, err);
    if (rc == 0) rc = scan_literal(s, ",\"payload\":\"", err);
    if (rc == 0) rc = scan_base64(s, &l->payload, EVENT_PAYLOAD_MAX, err);
    if (rc == 0) rc = scan_literal(s, ",\"salt\":\"", err);
    if (rc == 0) rc = scan_hash(s, l->salt, err);
    if (rc == 0) rc = scan_literal(s, ",\"seq\":", err);
    if (rc == 0) rc = scan_uint(s, &l->seq, err);
    if (rc == 0) rc = scan_line_end(s, err);
    return rc;
}

int key_line_check(struct checking *c, struct key_line *l, struct err *err) {
    uint8_t commit[EVENT_HASH];
    struct event_author author;
    c->rule = "F1";
    int rc = event_header_decode(bytes_of_buf(&l->header), &l->h, err);
    if (rc != 0) return rc;
    event_leaf(l->leaf, bytes_of_buf(&l->header));
    event_body_commit(commit, l->salt, bytes_of_buf(&l->payload));
    if (l->h.seq != l->seq) {
        return check_fault(c, "F5", LOG_SEALS, l->seq, "its header has seq %llu", (unsigned long long)l->h.seq);
    }
    if (memcmp(commit, l->h.body, EVENT_HASH) != 0) {
        return check_fault(c, "F3", LOG_SEALS, l->seq, "its payload is not what its header commits to");
    }
    c->rule = "F2";
    return check_payload(bytes_of_buf(&l->payload), &l->body, &author, err);
}

/* ---- epochs ---- */

static uint64_t signer_hash(struct bytes name, const uint8_t id[NOTE_KEY_ID_LEN]) {
    uint8_t digest[HASH_LEN];
    hash_tagged2(digest, 0, (struct bytes){id, NOTE_KEY_ID_LEN}, name);
    return be64_get(digest);
}

/* A key that signed an earlier checkpoint: a later epoch's key must not be among them. */
static int remember_signers(struct checking *c, const struct note *note, struct err *err) {
    for (size_t i = 0; i < note->n_sigs; i++) {
        uint64_t hash = signer_hash(note->sigs[i].name, note->sigs[i].id);
        bool known = false;
        for (size_t k = c->n_signers, n = 0; k > 0 && n < RECENT && !known; k--, n++) {
            known = c->signer[k - 1] == hash;
        }
        if (known) continue;
        int rc = array_room(&c->signer, c->n_signers + 1, &c->cap_signers, sizeof(*c->signer), err);
        if (rc != 0) return rc;
        c->signer[c->n_signers++] = hash;
    }
    return 0;
}

/* Checks that the key is new. */
static int check_key(struct checking *c, uint64_t seq, const struct note_vkey *key) {
    for (size_t i = 0; i < c->n_epochs; i++) {
        if (epoch_same_key(&c->epoch[i].vkey, key)) {
            return check_fault(c, "F21", LOG_SEALS, seq, "the new epoch key is the key of epoch %zu again", i);
        }
    }
    if (epoch_same_key(&c->log, key)) {
        return check_fault(c, "F21", LOG_SEALS, seq, "the new epoch key is the log key");
    }
    uint64_t hash = signer_hash(bytes_of(key->name), key->id);
    for (size_t i = 0; i < c->n_signers; i++) {
        if (c->signer[i] == hash) {
            return check_fault(c, "F31", LOG_SEALS, seq,
                               "its key has signed an earlier checkpoint, which is outside its epoch");
        }
    }
    return 0;
}

static int add_epoch(struct checking *c, const struct key_line *l, const struct epoch_said *said, struct err *err) {
    struct check_epoch e = {
        .from_size = l->seq + 1, .to_size = LOG_NO_SEQ, .seq = l->seq, .restored = said->restored, .vkey = said->key};
    int rc = check_key(c, l->seq, &said->key);
    if (rc == 0) rc = array_room(&c->epoch, c->n_epochs + 1, &c->cap_epochs, sizeof(*c->epoch), err);
    if (rc != 0) return rc;
    memcpy(e.origin, said->origin, sizeof(e.origin));
    memcpy(e.leaf, l->leaf, EVENT_HASH);
    memcpy(e.root, l->leaf, EVENT_HASH); /* the tree of genesis alone; another's follows from its checkpoint */
    if (c->n_epochs > 0) {
        c->epoch[c->n_epochs - 1].to_size = said->restored ? l->seq : l->seq + 1;
    }
    c->epoch[c->n_epochs++] = e;
    return 0;
}

/* All events that name the ledger's secret must name the same one. */
static int check_secret(struct checking *c, const struct key_line *l) {
    struct bytes digest;
    if (!key_secret_named(l->body, &digest) || (c->keyed_by[0] != '\0' && bytes_is(digest, c->keyed_by))) {
        return 0;
    }
    if (c->keyed_by[0] != '\0' || digest.n == 0 || digest.n >= sizeof(c->keyed_by)) {
        return check_fault(c, "F25", LOG_SEALS, l->seq, "it names another secret of the ledger than an earlier event");
    }
    memcpy(c->keyed_by, digest.p, digest.n);
    return 0;
}

void key_line_before(const struct key_line *l, uint8_t ret[EVENT_HASH]) {
    const struct merkle_proof *inclusion = &l->inclusion;
    memcpy(ret, inclusion->hash[0], EVENT_HASH);
    for (size_t i = 1; i < inclusion->n; i++) {
        merkle_node(ret, inclusion->hash[i], ret);
    }
}

int key_line_epoch(struct checking *c, const struct key_line *l, const uint8_t before[EVENT_HASH], struct err *err) {
    struct epoch_place place = {.seq = l->seq, .number = c->n_epochs};
    struct epoch_said said;
    struct epoch_fault wrong;
    if (c->n_epochs > 0) {
        place.first = c->epoch[0].origin;
        place.now = c->epoch[c->n_epochs - 1].origin;
        place.root = before;
    }
    if (epoch_judge(l->h.kind, l->body, &place, &said, &wrong) != 0) {
        return check_fault(c, wrong.rule, LOG_SEALS, l->seq, "%s", wrong.text);
    }
    int rc = check_secret(c, l);
    if (rc == 0 && l->seq == 0) {
        c->log = said.log;
    }
    if (rc == 0) rc = add_epoch(c, l, &said, err);
    if (rc == 0 && said.restored) {
        c->n_restored++;
        c->last_restored = l->seq;
        memcpy(c->epoch[c->n_epochs - 1].before, before, EVENT_HASH);
    }
    return rc;
}

int key_line_genesis(struct checking *c, const struct key_line *l, struct err *err) {
    if (l->seq != 0 || !bytes_is(l->h.kind, "ledger.created") || l->has_checkpoint) {
        return check_fault(c, "B11", LOG_SEALS, l->seq, "the first line is not the first event, ledger.created");
    }
    memcpy(c->genesis, l->leaf, EVENT_HASH);
    return key_line_epoch(c, l, NULL, err);
}

static int take_handover(struct checking *c, const struct key_line *l, struct err *err) {
    uint8_t before[EVENT_HASH];
    if (!epoch_is_kind(l->h.kind) || bytes_is(l->h.kind, "ledger.created")) {
        return check_fault(c, "B11", LOG_SEALS, l->seq, "it is neither a rotation nor a restore");
    }
    key_line_before(l, before);
    return key_line_epoch(c, l, before, err);
}

const struct check_epoch *check_epoch_of(const struct checking *c, uint64_t seq) {
    size_t lo = 0, hi = c->n_epochs;
    while (hi - lo > 1) {
        size_t middle = lo + (hi - lo) / 2;
        if (c->epoch[middle].seq <= seq) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    return &c->epoch[lo];
}

/* ---- one checkpoint ---- */

static int need_signature(struct checking *c, const struct note *note, const struct note_vkey *key, const char *what,
                          uint64_t size) {
    enum note_verdict verdict = note_check_key(note, key, NULL);
    const char *rule = verdict != NOTE_ABSENT ? "F12" : key == &c->log ? "F29" : "F30";
    return verdict == NOTE_GOOD
               ? 0
               : check_fault(c, rule, LOG_SEALS, size - 1, "the checkpoint of size %llu: the signature of the %s %s",
                             (unsigned long long)size, what, verdict == NOTE_ABSENT ? "is missing" : "is bad");
}

/* Requires signatures by the log key and by each epoch key that seals this size, and none by another epoch key. */
static int judge(struct checking *c, const struct note *note, const struct checkpoint *point) {
    size_t sealing = 0;
    const char *origin = "";
    int rc = need_signature(c, note, &c->log, "log key", point->size);
    for (size_t i = 0; i < c->n_epochs && rc == 0; i++) {
        const struct check_epoch *e = &c->epoch[i];
        if (point->size >= e->from_size && point->size <= e->to_size) {
            sealing++;
            origin = e->origin;
            rc = need_signature(c, note, &e->vkey, "epoch key", point->size);
        } else if (note_check_key(note, &e->vkey, NULL) != NOTE_ABSENT) {
            rc = check_fault(c, "F31", LOG_SEALS, point->size - 1,
                             "the checkpoint of size %llu is signed by epoch key %zu, which seals other sizes",
                             (unsigned long long)point->size, i);
        }
    }
    if (rc == 0 && (sealing == 0 || !bytes_is(point->origin, origin))) {
        rc = check_fault(c, "F28", LOG_SEALS, point->size - 1, "the checkpoint of size %llu is of '%.*s', not of '%s'",
                         (unsigned long long)point->size, (int)point->origin.n, (const char *)point->origin.p, origin);
    }
    return rc;
}

int check_note(struct checking *c, const struct note *note, const struct checkpoint *point, struct err *err) {
    int rc = judge(c, note, point);
    if (rc == 0) rc = remember_signers(c, note, err);
    return rc;
}

int check_take_note(struct checking *c, struct bytes bytes, struct note *note, struct checkpoint *point, struct err *err) {
    c->rule = "F10";
    int rc = note_decode(bytes, note, err);
    if (rc == 0) {
        c->rule = "F11";
        rc = checkpoint_decode(note->text, point, err);
    }
    return rc;
}

int check_checkpoint(struct checking *c, struct err *err) {
    int rc = check_expect(c, BUNDLE_CHECKPOINT, NOTE_MAX, err);
    if (rc == 0) rc = reading_rest(c->reading, &c->note, NOTE_MAX, err);
    if (rc == 0) rc = check_take_note(c, bytes_of_buf(&c->note), c->head, &c->point, err);
    if (rc != 0) return rc;
    if (c->point.size != c->manifest.size || memcmp(c->point.root, c->manifest.root, EVENT_HASH) != 0 ||
        !bytes_is(c->point.origin, c->manifest.origin)) {
        return check_fault(c, "B8", LOG_SEALS, LOG_NO_SEQ, "its origin, size and root are not those of the manifest");
    }
    memcpy(c->report->origin, c->manifest.origin, sizeof(c->report->origin));
    c->report->head.size = c->point.size;
    memcpy(c->report->head.root, c->point.root, EVENT_HASH);
    return check_advance(c, err);
}

/* ---- keys ---- */

/* The tree in which the previous line is proven. */
struct tree {
    uint64_t size;
    const uint8_t *root;
};

/* The previous line, with its proofs and the trees they must lead to. */
static int check_proofs(struct checking *c, const struct key_line *before, const struct tree *mine,
                        const struct tree *next) {
    const struct tree *own = before->seq == 0 ? next : mine;
    if (!merkle_check_inclusion(before->seq, own->size, before->leaf, &before->inclusion, own->root)) {
        return check_fault(c, "F7", LOG_SEALS, before->seq, "it is not in the tree of size %llu",
                           (unsigned long long)own->size);
    }
    if (!merkle_check_consistency(own->size, next->size, &before->consistency, own->root, next->root)) {
        return check_fault(c, "F8", LOG_SEALS, before->seq,
                           "the tree of size %llu is not proven to be a prefix of that of size %llu",
                           (unsigned long long)own->size, (unsigned long long)next->size);
    }
    return 0;
}

/* A line after the first; `before` is the previous one, proven up to here. */
static int check_handover(struct checking *c, const struct key_line *before, struct key_line *l, struct err *err) {
    struct checkpoint point;
    const struct check_epoch *last = &c->epoch[c->n_epochs - 1];
    if (!l->has_checkpoint || l->seq <= before->seq || l->seq >= c->point.size) {
        return check_fault(c, "B11", LOG_SEALS, l->seq, "a handover is out of order, or has no checkpoint");
    }
    int rc = check_take_note(c, bytes_of_buf(&l->note), c->other, &point, err);
    if (rc != 0) return rc;
    if (point.size != l->seq + 1) {
        return check_fault(c, "B11", LOG_SEALS, l->seq, "its checkpoint is of size %llu", (unsigned long long)point.size);
    }
    struct tree mine = {last->seq + 1, last->root}, next = {point.size, point.root};
    rc = check_proofs(c, before, &mine, &next);
    if (rc == 0 && !merkle_check_inclusion(l->seq, point.size, l->leaf, &l->inclusion, point.root)) {
        rc = check_fault(c, "F7", LOG_SEALS, l->seq, "it is not in the tree of its checkpoint");
    }
    if (rc == 0) rc = take_handover(c, l, err);
    if (rc == 0) rc = check_note(c, c->other, &point, err);
    if (rc == 0) {
        memcpy(c->epoch[c->n_epochs - 1].root, point.root, EVENT_HASH);
    }
    return rc;
}

static int check_lines(struct checking *c, struct key_line line[2], struct err *err) {
    size_t n = 0;
    int rc = 0;
    scan_member(&c->scan);
    for (; rc == 0 && (n == 0 || reading_left(c->reading) > 0); n++) {
        struct key_line *l = &line[n % 2];
        rc = key_line_take(c, l, false, err);
        if (rc == 0) rc = key_line_check(c, l, err);
        if (rc == 0) rc = n == 0 ? key_line_genesis(c, l, err) : check_handover(c, &line[(n + 1) % 2], l, err);
    }
    if (rc == 0) {
        const struct check_epoch *last = &c->epoch[c->n_epochs - 1];
        struct tree mine = {last->seq + 1, last->root}, head = {c->point.size, c->point.root};
        rc = check_proofs(c, &line[(n + 1) % 2], &mine, &head);
    }
    if (rc == 0) rc = judge(c, c->head, &c->point);
    return rc;
}

int check_keys(struct checking *c, struct err *err) {
    struct key_line line[2];
    key_line_init(&line[0]);
    key_line_init(&line[1]);
    int rc = check_expect(c, BUNDLE_KEYS, BUNDLE_KEYS_MAX, err);
    if (rc == 0) rc = check_lines(c, line, err);
    key_line_done(&line[0]);
    key_line_done(&line[1]);
    if (rc == 0 && !manifest_signed(&c->manifest, &c->log)) {
        rc = check_fault(c, "B7", LOG_SEALS, LOG_NO_SEQ, "the log key that they name has not signed the manifest");
    }
    if (rc == 0) rc = check_subject(c, err);
    return rc;
}
