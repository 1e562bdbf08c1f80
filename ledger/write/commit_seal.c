/* Events that the ledger records about itself in a commit (clock gaps, key rotation, moves), and the commit's end:
 * checkpoint and head. */
#include <string.h>

#include "base/crypt.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/core/key_secret.h"
#include "ledger/core/place.h"
#include "ledger/write/commit.h"

#define CLOCK_SLACK_NS CLOCK_NS_PER_S /* steps up to a second are not worth an event */

/* ---- events that the ledger writes about itself ---- */

struct field {
    const char *name; /* in byte order */
    const char *text; /* NULL: the number */
    uint64_t number;  /* FIELD_ABSENT: the field is left out */
};

#define FIELD_ABSENT UINT64_MAX

static bool is_absent(const struct field *field) {
    return field->text == NULL && field->number == FIELD_ABSENT;
}

static int own_batch(struct commit *c, const char *kind, const char *actor, const struct field *fields, size_t n,
                     struct log_batch **ret, struct err *err) {
    struct buf body = {.max = 65536};
    uint32_t left_out = 0;
    for (size_t i = 0; i < n; i++) {
        left_out += is_absent(&fields[i]);
    }
    mp_put_map(&body, (uint32_t)n - left_out);
    for (size_t i = 0; i < n; i++) {
        if (is_absent(&fields[i])) continue;
        mp_put_str(&body, bytes_of(fields[i].name));
        if (fields[i].text == NULL) {
            mp_put_uint(&body, fields[i].number);
        } else {
            mp_put_str(&body, bytes_of(fields[i].text));
        }
    }
    const struct batch_own own = {.kind = kind, .actor = actor, .source = "ledger", .body = &body};
    int rc = batch_new_own(c->ledger, &own, ret, err);
    buf_done(&body);
    return rc;
}

static uint64_t distance(uint64_t a, uint64_t b) {
    return a > b ? a - b : b - a;
}

int commit_clock_gap(struct commit *c, struct log_batch **ret_batch, struct err *err) {
    const struct head *h = &c->head;
    uint8_t boot_id[CLOCK_BOOT_ID_LEN];
    const char *what = NULL;
    uint64_t expected = h->time;
    if (h->size == 0) return 0;
    clock_boot_id(boot_id);
    bool comparable = memcmp(boot_id, h->boot_id, sizeof(boot_id)) == 0 && c->boot >= h->boot;
    if (comparable) {
        uint64_t due = h->wall + (c->boot - h->boot);
        if (distance(due, c->now) > CLOCK_SLACK_NS) {
            what = c->now < due ? "clock_back" : "clock_jump";
            expected = due;
        }
    }
    /* A clock that was set back is reported once, by the first commit that has to clamp its time that far. */
    bool said = comparable && h->wall + CLOCK_SLACK_NS < h->time;
    if (what == NULL && !said && c->now + CLOCK_SLACK_NS < h->time) {
        what = "clock_back";
    }
    if (what == NULL) return 0;
    const struct field fields[] = {{"from", NULL, expected}, {"to", NULL, c->now}, {"what", what, 0}};
    return own_batch(c, "ledger.gap", "service:ledger", fields, 3, ret_batch, err);
}

/* The digest by which this event names the ledger's secret; "" if there is no secret. */
static int name_secret(struct commit *c, char ret[KEY_SECRET_DIGEST], struct err *err) {
    uint8_t secret[KEY_SECRET_LEN];
    int rc = key_secret_look(c->txn, secret, err);
    ret[0] = '\0';
    if (rc == 0) {
        key_secret_digest(secret, ret);
        crypt_wipe(secret, sizeof(secret));
    }
    return rc == ERR_NOTFOUND ? 0 : rc;
}

int commit_rotation(struct commit *c, bool asked, const char *actor, const char *reason, struct log_batch **ret_batch,
                    struct err *err) {
    struct ledger *ledger = c->ledger;
    char vkey[NOTE_VKEY_MAX], name[NOTE_NAME_MAX + 16], keyed_by[KEY_SECRET_DIGEST];
    uint64_t hours = ledger->config.rotate_hours;
    /* The distance counts in both directions: a clock that was once wrong must not keep a key in use for ever. */
    bool due = hours > 0 && distance(c->now, c->head.epoch_since) >= hours * 3600 * CLOCK_NS_PER_S;
    if (!asked && !due) return 0;
    memcpy(name, ledger->origin, strlen(ledger->origin));
    memcpy(name + strlen(ledger->origin), "/epoch", 7);
    int rc = keyring_prepare(&ledger->write.keyring, ledger->config.keys,
                             (struct bytes){ledger->passphrase, ledger->passphrase_len}, bytes_of(name), &c->next, err);
    if (rc != 0) return rc;
    rc = name_secret(c, keyed_by, err);
    note_vkey_encode(vkey, &c->next.vkey);
    const struct field fields[] = {{"epoch", NULL, c->head.epoch + 1},
                                   {KEY_SECRET_FIELD, keyed_by[0] == '\0' ? NULL : keyed_by, FIELD_ABSENT},
                                   {"reason", reason == NULL ? "age" : reason, 0},
                                   {"vkey", vkey, 0}};
    if (rc == 0)
        rc = own_batch(c, "ledger.key_rotated", actor == NULL ? "service:ledger" : actor, fields, 4, ret_batch, err);
    c->rotates = rc == 0;
    return rc;
}

/* ---- artifacts ---- */

int commit_store(struct commit *c, struct commit_store *store, struct log_batch **ret_batch, struct err *err) {
    char digest[7 + 2 * EVENT_HASH + 1] = "sha256:";
    int rc = store->put(store, c->txn, err);
    if (rc != 0) return rc < 0 ? rc : 0;
    text_hex(digest + 7, store->digest, EVENT_HASH);
    const struct field fields[] = {{"bytes", NULL, store->size}, {"digest", digest, 0}};
    return own_batch(c, "ledger.stored", "service:ledger", fields, 2, ret_batch, err);
}

/* ---- places ---- */

static const char *same_or_other(bool known, bool other) {
    return !known ? "unknown" : other ? "other" : "same";
}

int commit_place(struct commit *c, const struct commit_request *request, struct log_batch **ret_batch, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct place_standing s = {.place = LOG_PLACE_UNKNOWN};
    if (ledger->write.at_home && !request->moved) return 0;
    int rc = request->next != NULL ? 0 : place_judge(ledger, c->txn, &s, err); /* a restored ledger lives here */
    if (rc == 0 && s.place == LOG_PLACE_HOME) {
        ledger->write.at_home = true;
        return !request->moved
                   ? 0
                   : err_set(err, ERR_INVALID, "the ledger was not moved: this is where it was last appended to");
    }
    bool moves = request->moved && s.place == LOG_PLACE_COPY;
    if (rc == 0 && !moves) rc = place_refuse(&s, err);
    if (rc == 0) rc = place_put(ledger, c->txn, err);
    if (rc == 0 && request->moved) { /* also if no place was recorded yet */
        const struct field fields[] = {{"file", same_or_other(s.known_file, s.other_file), 0},
                                       {"machine", same_or_other(s.known_machine, s.other_machine), 0},
                                       {"reason", request->reason, FIELD_ABSENT}};
        rc = own_batch(c, "ledger.moved", request->actor, fields, 3, ret_batch, err);
    }
    return rc;
}

/* ---- checkpoint and head ---- */

static int put_note(struct commit *c, struct buf *note, struct err *err) {
    struct ledger *ledger = c->ledger;
    merkle_edge_root(&c->head.edge, c->root);
    c->sealed = true;
    checkpoint_encode(note, bytes_of(ledger->origin), c->head.size, c->root);
    /* the signatures cover the text, which moves when the buffer grows: sign a copy */
    struct buf text = {.max = NOTE_MAX};
    buf_put_bytes(&text, bytes_of_buf(note));
    buf_put_u8(note, '\n');
    note_sign(note, bytes_of_buf(&text), &ledger->write.keyring.log.vkey, ledger->write.keyring.log.secret);
    if (ledger->write.keyring.epoch.secret != NULL) {
        note_sign(note, bytes_of_buf(&text), &ledger->write.keyring.epoch.vkey, ledger->write.keyring.epoch.secret);
    }
    if (c->rotates) {
        note_sign(note, bytes_of_buf(&text), &c->next.vkey, c->next.secret);
    }
    int rc = buf_check(&text, "a checkpoint", err);
    buf_done(&text);
    if (rc == 0) rc = buf_check(note, "a checkpoint", err);
    return rc;
}

static int keep(struct commit *c, unsigned flags, struct bytes note, struct err *err) {
    buf_clear(&c->record);
    buf_put_u8(&c->record, (uint8_t)flags);
    buf_put_bytes(&c->record, note);
    int rc = buf_check(&c->record, "a checkpoint", err);
    if (rc == 0) rc = db_put_u64(c->txn, T_CHECKPOINT, c->head.size, bytes_of_buf(&c->record), DB_APPEND, err);
    return rc;
}

static int put_epoch(struct commit *c, struct err *err) {
    char vkey[NOTE_VKEY_MAX];
    note_vkey_encode(vkey, &c->next.vkey);
    c->head.epoch++;
    c->head.epoch_from = c->head.size;
    c->head.epoch_since = c->now;
    return core_epoch_put(c->txn, c->head.epoch, c->head.size, vkey, c->head.size - 1, c->ledger->origin, c->restored, err);
}

static int put_head(struct commit *c, struct err *err) {
    if (c->old_size == 0) {
        c->head.epoch_since = c->now;
    }
    c->head.wall = c->now;
    c->head.boot = c->boot;
    clock_boot_id(c->head.boot_id);
    buf_clear(&c->record);
    head_encode(&c->record, &c->head);
    int rc = buf_check(&c->record, "the head", err);
    if (rc == 0) rc = db_put(c->txn, T_META, bytes_of("head"), bytes_of_buf(&c->record), DB_PUT, err);
    return rc;
}

int commit_seal(struct commit *c, struct err *err) {
    struct buf note = {.max = NOTE_MAX};
    unsigned flags = 0;
    if (c->old_size == 0 || c->old_size / EVENT_GROUP != c->head.size / EVENT_GROUP) {
        flags |= CORE_KEEP_BOUNDARY;
    }
    flags |= c->rotates ? CORE_KEEP_HANDOVER : 0;
    int rc = put_note(c, &note, err);
    if (rc == 0 && flags != 0) rc = keep(c, flags, bytes_of_buf(&note), err);
    if (rc == 0 && c->rotates) rc = put_epoch(c, err);
    if (rc == 0) rc = db_put(c->txn, T_META, bytes_of("checkpoint"), bytes_of_buf(&note), DB_PUT, err);
    if (rc == 0) rc = put_head(c, err);
    buf_done(&note);
    return rc;
}
