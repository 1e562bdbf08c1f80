/* A ledger of some thirty groups with everything in it, and reversible ways to damage it: changes of records drawn by a
 * seeded generator, and bundles forged by somebody who repairs the hashes inside them. Used with judge.h. */
#ifndef TESTS_LEDGER_SPOIL_H
#define TESTS_LEDGER_SPOIL_H

#include "ledger/core/author.h"
#include "ledger/event/event.h"
#include "ledger/event/group.h"
#include "ledger/write/batch.h"
#include "tests/ledger/judge.h"

static uint64_t spoil_state;

static inline uint64_t spoil_random(uint64_t below) {
    spoil_state = spoil_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (spoil_state >> 33) % below;
}

/* ---- the ledger ---- */

#define RICH_GROUPS 34

static inline struct log_author *rich_author(const char *name, struct buf *vkeys) {
    struct log_author *author;
    char file[64];
    snprintf(file, sizeof(file), "%s.key", name);
    must(log_author_new(scratch_at(&s, file), name, bytes_of(""), vkeys, &why));
    buf_put_u8(vkeys, '\n');
    must(log_author_load(scratch_at(&s, file), bytes_of(""), &author, &why));
    return author;
}

static inline void rich_add(struct log_batch *batch, uint64_t i, const struct log_author *alice,
                            const struct log_author *bob) {
    static char text[20001];
    static struct buf body;
    char key[32], subject[32];
    struct log_draft draft;
    memset(text, 'x', sizeof(text) - 1);
    snprintf(key, sizeof(key), "key-%llu", (unsigned long long)i);
    snprintf(subject, sizeof(subject), "run/r-%u", (unsigned)(i % 100));
    if (i % 1300 == 900) {
        draft = scratch_draft("ledger.gap", "gap/test", scratch_map(&body, "{\"what\":\"dropped\"}"));
        must(batch_add_control(batch, &draft, &why));
        return;
    }
    scratch_map(&body, "{\"index\":%llu,\"step\":\"%s\"%s}", (unsigned long long)i, i % 401 == 7 ? text : "work",
                i % 37 == 5 ? ",\"detail\":\"its own words\"" : "");
    draft = scratch_draft("run.step", subject, bytes_of_buf(&body));
    draft.author = i % 97 == 3 ? alice : i % 211 == 4 ? bob : NULL;
    draft.key = bytes_of(draft.author == NULL && i % 3 == 0 ? key : NULL);
    must(log_batch_add(batch, &draft, &why));
}

/* Batches of uneven sizes, three rotations, two authors (the file "authors" names the first). */
static inline void rich_fill(void) {
    struct buf vkeys, others;
    struct log_batch *batch;
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    unsigned rotations = 0;
    buf_init(&vkeys, 4096);
    buf_init(&others, 4096);
    struct log_author *alice = rich_author("alice.example", &vkeys), *bob = rich_author("bob.example", &others);
    scratch_write(scratch_at(&s, "authors"), bytes_of_buf(&vkeys));
    scratch_write(scratch_at(&s, "artifact"), bytes_of("the content of an artifact\n"));
    must(log_artifact_put(s.ledger, scratch_at(&s, "artifact"), id, &size, &why));
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_set_cursor(batch, "source", bytes_of("offset 42"), &why));
    spoil_state = 7;
    for (uint64_t i = 1; i < RICH_GROUPS * EVENT_GROUP + 77;) {
        for (uint64_t end = i + 1 + spoil_random(450); i < end; i++) {
            rich_add(batch, i, alice, bob);
        }
        must(log_batch_commit(batch, NULL, NULL, NULL, &why));
        if (rotations < 3 && i > 2500 * (rotations + 1)) {
            must(log_key_rotate(s.ledger, "user:test", "by hand", NULL, &why));
            rotations++;
        }
    }
    log_batch_free(batch);
    log_author_free(alice);
    log_author_free(bob);
    buf_done(&vkeys);
    buf_done(&others);
}

/* ---- reversible changes ---- */

#define SPOIL_MAX 16

struct spoiled {
    size_t n;
    struct {
        enum core_table table;
        uint8_t key[DB_KEY_MAX];
        size_t key_n;
        bool was;
        struct buf value;
    } before[SPOIL_MAX];
};

static inline struct spoiled *spoil_begin(void) {
    struct spoiled *spoiled = calloc(1, sizeof(*spoiled));
    assert_non_null(spoiled);
    return spoiled;
}

static inline void unspoil(struct spoiled *spoiled) {
    while (spoiled->n-- > 0) {
        struct bytes key = {spoiled->before[spoiled->n].key, spoiled->before[spoiled->n].key_n};
        if (spoiled->before[spoiled->n].was) {
            record_put(spoiled->before[spoiled->n].table, key, bytes_of_buf(&spoiled->before[spoiled->n].value));
        } else {
            record_del(spoiled->before[spoiled->n].table, key);
        }
        buf_done(&spoiled->before[spoiled->n].value);
    }
    free(spoiled);
}

/* Remembers the record; value.n SIZE_MAX: it is removed, otherwise it becomes `value`. */
static inline void spoil_record(struct spoiled *spoiled, enum core_table table, struct bytes key, struct bytes value) {
    assert_true(spoiled->n < SPOIL_MAX && key.n <= DB_KEY_MAX);
    size_t i = spoiled->n++;
    spoiled->before[i].table = table;
    memcpy(spoiled->before[i].key, key.p, key.n);
    spoiled->before[i].key_n = key.n;
    key.p = spoiled->before[i].key;
    spoiled->before[i].was = record_get(table, key, &spoiled->before[i].value);
    if (value.n == SIZE_MAX) {
        record_del(table, key);
    } else {
        record_put(table, key, value);
    }
}

/* ---- forged bundles ---- */

enum forgery {
    FORGE_KIND,
    FORGE_ACTOR,
    FORGE_SUBJECT,
    FORGE_UTF8,
    FORGE_GRADE,
    FORGE_SCHEMA,
    FORGE_CAUSE,
    FORGE_RUN,
    FORGE_KEY,
    FORGE_CREATED,
    FORGE_ROTATED,
    FORGE_PAYLOAD,
    FORGE_BODY,
    FORGE_ORDER,
    FORGE_AUTHOR,
    FORGE_ERASED,
    FORGE_PRIVATE,
    FORGE_TIME,
    FORGERIES
};

static inline void forge_header(enum forgery forgery, struct event_header *h) {
    static char large[257];
    static const uint8_t hash[EVENT_HASH] = {5};
    memset(large, 'x', sizeof(large));
    h->kind = forgery == FORGE_KIND      ? bytes_of("run")
              : forgery == FORGE_CREATED ? bytes_of("ledger.created")
              : forgery == FORGE_ROTATED ? bytes_of("ledger.key_rotated")
                                         : h->kind;
    h->actor = forgery == FORGE_ACTOR ? bytes_of("user:\x01") : forgery == FORGE_UTF8 ? bytes_of("user:\xff") : h->actor;
    h->subject = forgery == FORGE_SUBJECT ? bytes_of("") : h->subject;
    h->grade = forgery == FORGE_GRADE ? bytes_of("guessed") : h->grade;
    h->schema = forgery == FORGE_SCHEMA ? 0 : h->schema;
    h->run = forgery == FORGE_RUN ? (struct bytes){(const uint8_t *)large, sizeof(large)} : h->run;
    h->key = forgery == FORGE_KEY ? bytes_of("another key") : h->key;
    h->private_ = forgery == FORGE_PRIVATE ? hash : h->private_;
    h->time = forgery == FORGE_TIME ? 1 : h->time;
    if (forgery == FORGE_CAUSE) {
        h->has_cause = true;
        h->cause = h->seq;
    }
}

static inline void forge_payload(enum forgery forgery, enum group_payload *where, struct buf *payload) {
    static const struct bytes forged[FORGERIES] = {
        [FORGE_BODY] = {(const uint8_t *)"\x92\x01\xc0", 3},
        [FORGE_ORDER] = {(const uint8_t *)"\x92\x82\xa1\x62\x01\xa1\x61\x02\xc0", 9},
        [FORGE_AUTHOR] = {(const uint8_t *)"\x92\x80\x91\x01", 4},
    };
    if (forgery == FORGE_ERASED) {
        *where = GROUP_ERASED;
    } else if (forged[forgery].n > 0) {
        *where = GROUP_INLINE;
        buf_clear(payload);
        buf_put_bytes(payload, forged[forgery]);
    } else if (forgery == FORGE_PAYLOAD) {
        buf_put_u8(payload, 0xc0);
    }
}

static inline void forge_add(struct group *out, const struct event_header *h, struct bytes payload,
                             enum group_payload where, uint8_t prev[EVENT_HASH]) {
    struct buf header;
    struct group_facts facts = {.time = h->time, .has_private = h->private_ != NULL};
    uint8_t salt[EVENT_HASH], commit[EVENT_HASH];
    buf_init(&header, EVENT_HEADER_MAX);
    event_salt(salt, out->seed, h->seq);
    event_body_commit(commit, salt, payload);
    mp_put_array(&header, 15);
    mp_put_uint(&header, EVENT_FORMAT);
    mp_put_uint(&header, h->seq);
    mp_put_uint(&header, h->time);
    facts.middle_at = (uint16_t)header.n;
    event_head_encode(&header, h);
    if (h->has_cause) {
        mp_put_uint(&header, h->cause);
    } else {
        mp_put_nil(&header);
    }
    mp_put_str(&header, h->key);
    facts.middle_n = (uint16_t)(header.n - facts.middle_at);
    mp_put_bin(&header, (struct bytes){where == GROUP_INLINE ? commit : h->body, EVENT_HASH});
    if (h->private_ == NULL) {
        mp_put_nil(&header);
    } else {
        mp_put_bin(&header, (struct bytes){h->private_, EVENT_HASH});
    }
    mp_put_bin(&header, (struct bytes){prev, EVENT_HASH});
    event_leaf(prev, bytes_of_buf(&header));
    must(group_add(out, bytes_of_buf(&header), &facts, payload, where, prev, &why));
    buf_done(&header);
}

/* Event i of the group becomes another one, and all later ones in the group are recomputed from that. */
static inline void spoil_forge(struct spoiled *spoiled, uint64_t index, size_t i, enum forgery forgery) {
    struct group *group = group_new(), *out = group_new();
    struct core_view view;
    struct buf record, payload;
    uint8_t prev[EVENT_HASH];
    assert_true(group != NULL && out != NULL);
    if (core_view_begin(s.ledger, &view, NULL) != 0) { /* spoiled already */
        goto out;
    }
    if (core_group_load(view.txn, &view.head, index, group, NULL, NULL) != 0) {
        core_view_end(&view);
        goto out;
    }
    buf_init(&record, GROUP_PLAIN_MAX);
    buf_init(&payload, GROUP_PLAIN_MAX);
    group_reset(out, index, group->seed, group->prev);
    memcpy(prev, group->prev, EVENT_HASH);
    for (size_t k = 0; k < EVENT_GROUP; k++) {
        const struct group_event *e = &group->event[k];
        struct event_header h;
        enum group_payload where = e->where;
        if (event_header_decode(e->header, &h, NULL) != 0) break;
        buf_clear(&payload);
        buf_put_bytes(&payload, e->payload);
        if (k == i) {
            forge_header(forgery, &h);
            forge_payload(forgery, &where, &payload);
        }
        forge_add(out, &h, bytes_of_buf(&payload), where, prev);
    }
    if (out->n == EVENT_GROUP) {
        must(group_encode(out, &record, &why));
        spoil_record(spoiled, T_BUNDLE, key_u64(index), bytes_of_buf(&record));
    }
    buf_done(&record);
    buf_done(&payload);
    core_view_end(&view);
out:
    group_free(group);
    group_free(out);
}

/* ---- drawn changes ---- */

/* Any record of the table; false: it has none. */
static inline bool spoil_pick(enum core_table table, struct buf *key, struct buf *value) {
    struct db_txn *txn;
    struct db_cursor *cursor;
    struct bytes k, v;
    uint64_t count;
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    must(db_count(txn, table, &count, &why));
    must(db_cursor_open(txn, table, &cursor, &why));
    int rc = count == 0 ? 1 : db_cursor_seek(cursor, (struct bytes){NULL, 0}, &k, &v, &why);
    for (uint64_t n = count == 0 ? 0 : spoil_random(count); rc == 0 && n > 0; n--) {
        rc = db_cursor_next(cursor, &k, &v, &why);
    }
    buf_clear(key);
    buf_clear(value);
    if (rc == 0) {
        buf_put_bytes(key, k);
        buf_put_bytes(value, v);
    }
    db_cursor_close(cursor);
    db_abort(txn);
    return rc == 0;
}

/* Tables that are read in event order more often than the others. */
static inline enum core_table spoil_table(void) {
    static const enum core_table often[] = {T_BUNDLE, T_BUNDLE,  T_CHECKPOINT, T_TILE,
                                            T_KEYRUN, T_PRIVATE, T_PAYLOAD,    T_EPOCH};
    return spoil_random(3) > 0 ? often[spoil_random(sizeof(often) / sizeof(often[0]))]
                               : (enum core_table)spoil_random(CORE_TABLES);
}

static inline void spoil_once(struct spoiled *spoiled, struct buf *key, struct buf *value) {
    uint8_t odd[9] = {0, 0, 0, 0, 0, 0, (uint8_t)spoil_random(36), (uint8_t)spoil_random(256), 0};
    static const size_t odd_n[] = {8, 8, 8, 7, 9};
    enum core_table table = spoil_table();
    unsigned what = (unsigned)spoil_random(8);
    if (what >= 5) {
        spoil_forge(spoiled, spoil_random(RICH_GROUPS), (size_t)spoil_random(EVENT_GROUP),
                    (enum forgery)spoil_random(FORGERIES));
        return;
    }
    if (what == 0 && table != T_META) { /* an unknown record */
        spoil_pick(table, key, value);
        spoil_record(spoiled, table, (struct bytes){odd, odd_n[spoil_random(5)]}, bytes_of_buf(value));
    } else if (spoil_pick(table, key, value) && value->n > 0) {
        if (what == 1 && table != T_META) {
            spoil_record(spoiled, table, bytes_of_buf(key), (struct bytes){NULL, SIZE_MAX});
        } else if (what == 2) {
            spoil_record(spoiled, table, bytes_of_buf(key), (struct bytes){value->p, (size_t)spoil_random(value->n)});
        } else {
            value->p[spoil_random(value->n)] ^= (uint8_t)(1U << spoil_random(8));
            spoil_record(spoiled, table, bytes_of_buf(key), bytes_of_buf(value));
        }
    }
}

/* Some changes determined by the seed, always the same. */
static inline struct spoiled *spoil(uint64_t seed) {
    struct spoiled *spoiled = spoil_begin();
    struct buf key, value;
    buf_init(&key, DB_KEY_MAX);
    buf_init(&value, (size_t)16 << 20);
    spoil_state = seed * UINT64_C(0x9e3779b97f4a7c15);
    for (uint64_t n = 1 + spoil_random(4); n > 0; n--) {
        spoil_once(spoiled, &key, &value);
    }
    buf_done(&key);
    buf_done(&value);
    return spoiled;
}

#endif
