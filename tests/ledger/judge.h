/* What the tests of verification share: writing and removing records directly in the database, notes signed by hand, a
 * report and what it must contain. */
#ifndef TESTS_LEDGER_JUDGE_H
#define TESTS_LEDGER_JUDGE_H

#include "ledger/signing/keyfile.h"
#include "tests/ledger/scratch.h"

static struct scratch s;
static struct log_report report; /* of the last verification */

static inline int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static inline int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* ---- records ---- */

static inline struct bytes key_u64(uint64_t key) {
    static uint8_t be[4][8];
    static unsigned turn;
    turn = (turn + 1) % 4;
    be64_put(be[turn], key);
    return (struct bytes){be[turn], 8};
}

static inline struct bytes key_tile(unsigned level, uint64_t index) {
    return key_u64((uint64_t)level << 56 | index);
}

/* The record's bytes, replacing `out`; false: there is none. */
static inline bool record_get(enum core_table table, struct bytes key, struct buf *out) {
    struct db_txn *txn;
    struct bytes value;
    if (out->max == 0) {
        buf_init(out, (size_t)16 << 20);
    }
    buf_clear(out);
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    int rc = db_get(txn, table, key, &value, &why);
    assert_true(rc == 0 || rc == ERR_NOTFOUND);
    if (rc == 0) {
        assert_int_equal(buf_put_bytes(out, value), 0);
    }
    db_abort(txn);
    return rc == 0;
}

static inline void record_put(enum core_table table, struct bytes key, struct bytes value) {
    struct db_txn *txn;
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_put(txn, table, key, value, DB_PUT, &why));
    must(db_commit(txn, &why));
}

static inline void record_del(enum core_table table, struct bytes key) {
    struct db_txn *txn;
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del(txn, table, key, &why));
    must(db_commit(txn, &why));
}

/* The record with one byte changed; at < 0 counts from its end. */
static inline void record_flip(enum core_table table, struct bytes key, int at) {
    struct buf record = {0};
    assert_true(record_get(table, key, &record));
    record.p[at < 0 ? record.n - (size_t)-at : (size_t)at] ^= 1;
    record_put(table, key, bytes_of_buf(&record));
    buf_done(&record);
}

static inline struct head head_now(void) {
    struct buf record = {0};
    struct head head;
    assert_true(record_get(T_META, bytes_of("head"), &record));
    must(head_decode(bytes_of_buf(&record), &head, &why));
    buf_done(&record);
    return head;
}

static inline void head_put(const struct head *head) {
    struct buf record;
    buf_init(&record, 65536);
    assert_int_equal(head_encode(&record, head), 0);
    record_put(T_META, bytes_of("head"), bytes_of_buf(&record));
    buf_done(&record);
}

/* The copy of the head beside the database, which would contradict a database that was rolled back. */
static inline void forget_head_copy(void) {
    assert_int_equal(unlink(scratch_at(&s, "box/head")), 0);
}

/* ---- verdicts ---- */

static inline void judge(const struct log_trust *trust) {
    struct log_verify_options o = {.trust = trust};
    must(log_verify(s.ledger, &o, &report, &why));
}

static inline void verdict_is(enum log_verdict verdict) {
    if (report.verdict != verdict) {
        fail_msg("verdict %d, not %d; %llu findings, the first %lld, %s: %s", (int)report.verdict, (int)verdict,
                 (unsigned long long)report.n_findings, (long long)report.findings[0].seq, report.findings[0].place,
                 report.findings[0].reason);
    }
}

static inline void aspect_is(enum log_aspect aspect, enum log_aspect_state state, const char *text) {
    if (report.aspect[aspect].state != state || strstr(report.aspect[aspect].text, text) == NULL) {
        fail_msg("%s is %d '%s', not %d '%s'", log_aspect_name(aspect), (int)report.aspect[aspect].state,
                 report.aspect[aspect].text, (int)state, text);
    }
}

/* A finding with this text about this event and table; its aspect is faulty and the whole invalid. */
static inline void found(enum log_aspect aspect, uint64_t seq, const char *table, const char *text) {
    verdict_is(LOG_INVALID);
    assert_int_equal(report.aspect[aspect].state, LOG_ASPECT_FAULT);
    assert_non_null(strstr(report.aspect[aspect].text, "fault"));
    for (size_t i = 0; i < LOG_FINDINGS_MAX && i < report.n_findings; i++) {
        const struct log_finding *f = &report.findings[i];
        if (f->aspect == aspect && f->seq == seq && strcmp(f->place, table) == 0 && strstr(f->reason, text) != NULL) {
            return;
        }
    }
    fail_msg("no finding about event %lld, table %s, '%s' among %llu, the first %lld, %s: %s", (long long)seq, table, text,
             (unsigned long long)report.n_findings, (long long)report.findings[0].seq, report.findings[0].place,
             report.findings[0].reason);
}

/* The same, and no other finding. */
static inline void found_only(enum log_aspect aspect, uint64_t seq, const char *table, const char *text) {
    found(aspect, seq, table, text);
    if (report.n_findings != 1) {
        fail_msg("%llu findings, the second %lld, %s: %s", (unsigned long long)report.n_findings,
                 (long long)report.findings[1].seq, report.findings[1].place, report.findings[1].reason);
    }
}

static inline void nothing_found(void) {
    judge(NULL);
    verdict_is(LOG_NOT_ANCHORED);
    assert_int_equal(report.n_findings, 0);
}

/* ---- keys and notes ---- */

static inline struct signer key_of(const char *name) {
    struct signer signer = {0};
    char path[FILE_PATH_MAX];
    must(file_join(path, s.ledger->config.keys, name, &why));
    must(keyfile_load(path, (struct bytes){NULL, 0}, &signer, &why));
    return signer;
}

static inline struct signer key_new(const char *name) {
    struct signer signer = {0};
    must(signer_new(&signer, bytes_of(name), &why));
    return signer;
}

/* A checkpoint's text as a note, replacing `out`, signed by these keys. */
static inline struct bytes note_by(struct buf *out, const char *origin, uint64_t size, const uint8_t root[EVENT_HASH],
                                   const struct signer *const *keys, size_t n) {
    struct buf text;
    buf_init(&text, NOTE_MAX);
    if (out->max == 0) {
        buf_init(out, NOTE_MAX);
    }
    buf_clear(out);
    must(checkpoint_encode(&text, bytes_of(origin), size, root));
    buf_put_bytes(out, bytes_of_buf(&text));
    buf_put_u8(out, '\n');
    for (size_t i = 0; i < n; i++) {
        must(note_sign(out, bytes_of_buf(&text), &keys[i]->vkey, keys[i]->secret));
    }
    assert_int_equal(out->fail, 0);
    buf_done(&text);
    return bytes_of_buf(out);
}

/* The newest checkpoint, replacing `out`. */
static inline struct bytes newest(struct buf *out) {
    assert_true(record_get(T_META, bytes_of("checkpoint"), out));
    return bytes_of_buf(out);
}

/* ---- a ledger with something in every table ---- */

#define BIG_SEQ     2   /* payload with a record of its own */
#define ROTATED_SEQ 3   /* ledger.key_rotated */
#define STORED_SEQ  4   /* ledger.stored */
#define FULL_SIZE   310 /* a bundle and a tail */

/* 0 created, 1 private fields, 2 a big payload, 3 a rotation, 4 an artifact put, 5..307 plain, 308 private, 309 big. */
static inline void fill_all(void) {
    static char text[20001];
    struct buf body = {0};
    struct log_draft draft;
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    memset(text, 'x', sizeof(text) - 1);
    for (unsigned round = 0; round < 2; round++) {
        draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"detail\":\"its own words\"}"));
        must(log_append(s.ledger, &draft, NULL, NULL, &why));
        draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"step\":\"%s\"}", text));
        must(log_append(s.ledger, &draft, NULL, NULL, &why));
        if (round == 0) {
            struct log_batch *batch;
            must(log_key_rotate(s.ledger, "user:test", "by hand", NULL, &why));
            scratch_write(scratch_at(&s, "artifact"), bytes_of("the content of an artifact\n"));
            must(log_artifact_put(s.ledger, scratch_at(&s, "artifact"), id, &size, &why));
            must(log_batch_new(s.ledger, &batch, &why));
            must(log_batch_set_cursor(batch, "source", bytes_of("offset 42"), &why));
            must(scratch_add(batch, 5, 308, true, &why));
            must(log_batch_commit(batch, NULL, NULL, NULL, &why));
            log_batch_free(batch);
        }
    }
    assert_int_equal(scratch_size(&s), FULL_SIZE);
    buf_done(&body);
}

#endif
