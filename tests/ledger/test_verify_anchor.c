/* Verification against what the caller trusts: is it the intended ledger, does it still contain what was known of it, and
 * is its newest part known from outside? */
#include "tests/ledger/judge.h"

#include "ledger/trust/trust.h"

static struct log_trust *trust;

#define SIZE 11 /* events of the ledger of each test */

static int start_small(void **state) {
    start(state);
    scratch_fill(&s, 1, SIZE, false);
    trust = log_trust_new();
    assert_non_null(trust);
    return 0;
}

static int finish_small(void **state) {
    log_trust_free(trust);
    return finish(state);
}

static void trust_nothing(void) {
    log_trust_free(trust);
    trust = log_trust_new();
    assert_non_null(trust);
}

static __attribute__((format(printf, 1, 2))) const char *written(const char *fmt, ...) {
    static unsigned number;
    char text[4096], name[32];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(name, sizeof(name), "file-%u", number++);
    const char *path = scratch_at(&s, name);
    scratch_write(path, bytes_of(text));
    return path;
}

static const char *genesis_hex(void) {
    static char hex[2 * EVENT_HASH + 1];
    uint8_t leaf[EVENT_HASH];
    log_genesis(s.ledger, leaf);
    text_hex(hex, leaf, sizeof(leaf));
    return hex;
}

#define OTHER_LEAF "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void the_verdict_is(enum log_verdict verdict, enum log_aspect_state state, const char *text) {
    judge(trust);
    verdict_is(verdict);
    assert_int_equal(report.n_findings, verdict == LOG_INVALID ? 1 : 0);
    aspect_is(LOG_ANCHORING, state, text);
}

/* ---- nothing, keys ---- */

static void without_anything_trusted_it_is_not_anchored(void **state) {
    (void)state;
    judge(NULL);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, "11 events, 0 bundles, 0 artifacts: every byte, chain and tree");
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "1 epoch key, 0 handovers; newest checkpoint at size 11");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "no key, policy, genesis leaf or earlier checkpoint was given");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "whether the newest events were cut off cannot be told");
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "no event is signed by an author");
    aspect_is(LOG_ERASURES, LOG_ASPECT_GOOD, "none");
    aspect_is(LOG_GAPS, LOG_ASPECT_GOOD, "none recorded");
    aspect_is(LOG_DERIVED, LOG_ASPECT_UNCHECKED, "not checked");
    assert_string_equal(report.origin, SCRATCH_ORIGIN);
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "no key, policy"); /* an empty trust counts as none */
}

static void its_log_key_anchors_it(void **state) {
    (void)state;
    must(log_trust_key(trust, log_vkey(s.ledger), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by log key 'example.org/box-1'");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "no head from outside was given");
}

static void somebody_elses_key_does_not_anchor_it(void **state) {
    struct signer other = key_new("example.org/other");
    char vkey[NOTE_VKEY_MAX];
    (void)state;
    note_vkey_encode(vkey, &other.vkey);
    must(log_trust_key(trust, vkey, &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "signed by nobody you named");
    signer_done(&other);
}

static void another_key_under_its_name_contradicts(void **state) {
    struct signer other = key_new(SCRATCH_ORIGIN);
    char vkey[NOTE_VKEY_MAX];
    (void)state;
    note_vkey_encode(vkey, &other.vkey);
    must(log_trust_key(trust, vkey, &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_FAULT, "another key is trusted under the name 'example.org/box-1'");
    must(log_trust_key(trust, log_vkey(s.ledger), &why)); /* unless its own is trusted too */
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by log key");
    signer_done(&other);
}

/* ---- policies ---- */

#define WITNESSES 3
static struct {
    struct note_vkey vkey;
    uint8_t secret[CRYPT_SECRET_LEN];
} witness[WITNESSES];

static void make_witnesses(void) {
    for (unsigned i = 0; i < WITNESSES; i++) {
        uint8_t seed[CRYPT_SEED_LEN] = {(uint8_t)(i + 1)}, public_key[CRYPT_PUBLIC_LEN];
        char name[32];
        snprintf(name, sizeof(name), "witness.example/w%u", i);
        crypt_keypair(seed, public_key, witness[i].secret);
        must(note_vkey_make(&witness[i].vkey, bytes_of(name), NOTE_COSIGNATURE, public_key, &why));
    }
}

/* Adds the witness's line to the newest checkpoint; an invalid one on request. */
static void cosign(unsigned i, bool bad) {
    struct buf note = {0};
    struct note parsed;
    newest(&note);
    must(note_decode(bytes_of_buf(&note), &parsed, &why));
    struct buf text;
    buf_init(&text, NOTE_MAX);
    buf_put_bytes(&text, parsed.text);
    must(note_cosign(&note, bytes_of_buf(&text), &witness[i].vkey, witness[i].secret, 1700000000));
    if (bad) {
        note.p[note.n - 20] = note.p[note.n - 20] == 'A' ? 'B' : 'A';
    }
    record_put(T_META, bytes_of("checkpoint"), bytes_of_buf(&note));
    buf_done(&text);
    buf_done(&note);
}

static const char *policy_of_two(void) {
    char vkey[WITNESSES][NOTE_VKEY_MAX];
    make_witnesses();
    for (unsigned i = 0; i < WITNESSES; i++) {
        note_vkey_encode(vkey[i], &witness[i].vkey);
    }
    return written("log %s\nwitness w0 %s\nwitness w1 %s\nwitness w2 %s\ngroup all 2 w0 w1 w2\nquorum all\n",
                   log_vkey(s.ledger), vkey[0], vkey[1], vkey[2]);
}

static void a_policy_without_witnesses_anchors_by_its_log_key(void **state) {
    (void)state;
    must(log_trust_policy(trust, written("log %s\nquorum none\n", log_vkey(s.ledger)), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by log key 'example.org/box-1'");
    assert_null(strstr(report.aspect[LOG_ANCHORING].text, "quorum"));
}

static void a_quorum_of_witnesses_must_have_cosigned(void **state) {
    (void)state;
    must(log_trust_policy(trust, policy_of_two(), &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "quorum of witnesses is not met (0 cosigned)");
    cosign(0, false);
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "quorum of witnesses is not met (1 cosigned)");
    cosign(2, false);
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by log key 'example.org/box-1' with the policy's quorum of witnesses");
}

static void nothing_else_makes_up_for_a_missing_quorum(void **state) {
    (void)state;
    must(log_trust_policy(trust, policy_of_two(), &why));
    must(log_trust_genesis(trust, genesis_hex(), &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "quorum of witnesses is not met (0 cosigned)");
}

static void a_bad_cosignature_of_a_trusted_witness_is_invalid(void **state) {
    (void)state;
    must(log_trust_policy(trust, policy_of_two(), &why));
    cosign(0, false);
    cosign(1, false);
    cosign(2, true);
    judge(trust);
    found_only(LOG_SEALS, SIZE - 1, "meta", "which is trusted, on the newest checkpoint is bad");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "not anchored");
    judge(NULL); /* a verifier that does not know the witness does not judge it */
    verdict_is(LOG_NOT_ANCHORED);
}

/* ---- the genesis leaf ---- */

static void its_genesis_leaf_anchors_it_and_another_contradicts(void **state) {
    (void)state;
    must(log_trust_genesis(trust, OTHER_LEAF, &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_FAULT, "not one of the genesis leaves that were given: another ledger");
    must(log_trust_genesis(trust, genesis_hex(), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by the genesis leaf");
    must_fail(log_trust_genesis(trust, "00", &why), ERR_INVALID, "'00' is not a leaf hash; expected 64 lowercase");
}

static void a_genesis_line_binds_its_origin(void **state) {
    (void)state;
    must(log_trust_file(trust, written("genesis example.org/other " OTHER_LEAF "\n"), &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "no key, policy");
    must(log_trust_file(trust, written("genesis " SCRATCH_ORIGIN " %s\n", genesis_hex()), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by the genesis leaf");
    trust_nothing();
    must(log_trust_file(trust, written("genesis " SCRATCH_ORIGIN " " OTHER_LEAF "\n"), &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_FAULT, "its first event is not the one that is trusted for this origin");
    trust_nothing();
    must(log_trust_file(trust, scratch_at(&s, "absent"), &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "no key, policy");
}

/* ---- earlier checkpoints and heads ---- */

/* The newest checkpoint in a file; static storage of four. */
static const char *checkpoint_file(const char *name) {
    struct buf note = {0};
    const char *path = scratch_at(&s, name);
    scratch_write(path, newest(&note));
    buf_done(&note);
    return path;
}

static void keep_database(const char *name) {
    scratch_copy(scratch_at(&s, "box/evidence/data.mdb"), scratch_at(&s, name));
}

/* The database as it was kept, and no copy of the head that would reveal it. */
static void set_back(const char *name) {
    scratch_close(&s);
    scratch_copy(scratch_at(&s, name), scratch_at(&s, "box/evidence/data.mdb"));
    forget_head_copy();
    scratch_open(&s);
}

static void an_earlier_checkpoint_anchors_it_and_says_how_far(void **state) {
    char text[600];
    (void)state;
    const char *path = checkpoint_file("before");
    must(log_trust_checkpoint(trust, path, &why));
    snprintf(text, sizeof(text), "by the checkpoint '%.500s' (11 events)", path);
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, text);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_GOOD, "all 11 events are known from outside");
    scratch_fill(&s, SIZE, SIZE + 5, false);
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, text);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "the first 11 events are known from outside, the newest 5 are not");
}

static void a_ledger_that_was_cut_back_contradicts_a_checkpoint(void **state) {
    (void)state;
    keep_database("at-11");
    scratch_fill(&s, SIZE, SIZE + 5, false);
    must(log_trust_checkpoint(trust, checkpoint_file("after"), &why));
    must(log_trust_key(trust, log_vkey(s.ledger), &why));
    set_back("at-11");
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_GOOD, "by log key");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT,
              "knows 16 events, but there are only 11 here: it was cut back or set back");
    nothing_found(); /* from within it cannot be detected */
}

static void a_ledger_that_was_cut_back_contradicts_its_copy_of_the_head(void **state) {
    (void)state;
    keep_database("at-11");
    scratch_fill(&s, SIZE, SIZE + 5, false);
    scratch_close(&s);
    scratch_copy(scratch_at(&s, "at-11"), scratch_at(&s, "box/evidence/data.mdb"));
    scratch_open(&s);
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT, "the database has 11 events, but 16 were sealed before");
}

static void a_second_history_contradicts_a_checkpoint_of_the_first(void **state) {
    (void)state;
    keep_database("at-11");
    scratch_fill(&s, SIZE, SIZE + 5, false);
    must(log_trust_checkpoint(trust, checkpoint_file("first"), &why));
    set_back("at-11");
    scratch_fill(&s, 100, 105, false);
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT, "the first 16 events are not those that the checkpoint");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT, "knows: another history");
}

static void a_checkpoint_that_is_not_of_this_log_contradicts(void **state) {
    struct buf note = {0};
    struct signer log = key_of("log.key");
    const struct signer *const keys[] = {&log};
    uint8_t root[EVENT_HASH] = {0};
    (void)state;
    scratch_write(scratch_at(&s, "other"), note_by(&note, "example.org/other", 5, root, keys, 1));
    must(log_trust_checkpoint(trust, scratch_at(&s, "other"), &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_FAULT, "is of another log, 'example.org/other'");
    trust_nothing();
    newest(&note);
    note.p[note.n - 130] = note.p[note.n - 130] == 'A' ? 'B' : 'A'; /* in the log key's line, the first of two */
    scratch_write(scratch_at(&s, "spoiled"), bytes_of_buf(&note));
    must(log_trust_checkpoint(trust, scratch_at(&s, "spoiled"), &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_FAULT, "has no good signature of the log key");
    must_fail(log_trust_checkpoint(trust, written("no note\n"), &why), ERR_INVALID, "file-");
    must_fail(log_trust_checkpoint(trust, scratch_at(&s, "absent"), &why), ERR_NOTFOUND, "absent");
    buf_done(&note);
    signer_done(&log);
}

static void a_checkpoint_of_no_events_anchors_nothing(void **state) {
    struct buf note = {0};
    struct merkle_edge nothing = {0};
    struct signer log = key_of("log.key");
    const struct signer *const keys[] = {&log};
    uint8_t root[EVENT_HASH];
    (void)state;
    merkle_edge_root(&nothing, root);
    scratch_write(scratch_at(&s, "empty"), note_by(&note, SCRATCH_ORIGIN, 0, root, keys, 1));
    must(log_trust_checkpoint(trust, scratch_at(&s, "empty"), &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "no head from outside");
    signer_done(&log);
    buf_done(&note);
}

static const char *head_line(const char *origin, uint64_t size, bool other_root) {
    struct core_view view;
    struct merkle_edge edge;
    struct buf base64;
    uint8_t root[EVENT_HASH] = {1};
    if (!other_root) {
        must(core_view_begin(s.ledger, &view, &why));
        must(merkle_edge_load(&edge, size, core_node, &view, &why));
        merkle_edge_root(&edge, root);
        core_view_end(&view);
    }
    buf_init(&base64, 64);
    must(merkle_hash_encode(&base64, root));
    const char *path =
        written("head %s %llu %.*s", origin, (unsigned long long)size, (int)base64.n, (const char *)base64.p);
    buf_done(&base64);
    return path;
}

static void the_trust_files_head_anchors_it_or_contradicts(void **state) {
    (void)state;
    must(log_trust_file(trust, head_line(SCRATCH_ORIGIN, 7, false), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by the trust file (7 events)");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "the first 7 events are known from outside, the newest 4 are not");
    must(log_trust_file(trust, head_line(SCRATCH_ORIGIN, SIZE, false), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by the trust file (11 events)");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_GOOD, "all 11 events");
    trust_nothing();
    must(log_trust_file(trust, head_line(SCRATCH_ORIGIN, SIZE + 1, true), &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT, "the trust file knows 12 events, but there are only 11 here");
    for (uint64_t size = 1; size <= SIZE; size += 5) {
        trust_nothing();
        must(log_trust_file(trust, head_line(SCRATCH_ORIGIN, size, true), &why));
        the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
        aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT,
                  size == 1 ? "event is not the one that the trust file knows"
                            : "events are not those that the trust file knows");
    }
    trust_nothing();
    must(log_trust_file(trust, head_line("example.org/other", 99, true), &why));
    the_verdict_is(LOG_NOT_ANCHORED, LOG_ASPECT_NOTE, "not anchored");
}

static void what_is_known_of_a_damaged_ledger_is_not_called_good(void **state) {
    (void)state;
    scratch_fill(&s, SIZE, 300, false);
    must(log_trust_file(trust, head_line(SCRATCH_ORIGIN, 290, false), &why));
    record_del(T_TAIL, key_u64(280));
    judge(trust);
    found_only(LOG_INTEGRITY, 280, "tail", "the record of event 280 is missing");
    aspect_is(LOG_SEALS, LOG_ASPECT_UNCHECKED, "the newest checkpoint was not judged");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "the trust file knows 290 events, which cannot be compared");
}

/* ---- after a restore ---- */

static void restore(bool newest_one) {
    const struct log_restore_options o = {
        .actor = "user:test", .log_key = scratch_at(&s, "box.keys.log"), .newest = newest_one};
    struct ledger *ledger = NULL;
    char path[FILE_PATH_MAX];
    must(keyring_log_path(s.ledger->config.keys, path, &why));
    scratch_copy(path, o.log_key);
    must(log_restore(scratch_at(&s, "backup"), scratch_at(&s, "restored"), &o, &why));
    must(log_open(scratch_at(&s, "restored"), NULL, &ledger, &why));
    scratch_close(&s);
    s.ledger = ledger;
}

static void a_restored_ledger_keeps_what_was_known_of_it(void **state) {
    (void)state;
    must(log_trust_checkpoint(trust, checkpoint_file("before"), &why));
    must(log_trust_genesis(trust, genesis_hex(), &why));
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    restore(false);
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by the genesis leaf");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "the first 11 events are known from outside, the newest is not");
    aspect_is(LOG_SEALS, LOG_ASPECT_NOTE, "restored from a backup 1 time, last by event 11");
    assert_memory_equal(report.origin, SCRATCH_ORIGIN "/r", strlen(SCRATCH_ORIGIN "/r"));
    must(log_trust_file(trust, written("genesis " SCRATCH_ORIGIN " " OTHER_LEAF "\n"), &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_FAULT, "not the one that is trusted for this origin");
}

/* Not even a restore that says so may remove known events, unless the caller has accepted the new origin. */
static void what_a_restore_lost_contradicts_until_the_new_origin_is_trusted(void **state) {
    (void)state;
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    scratch_fill(&s, SIZE, SIZE + 5, false);
    must(log_trust_checkpoint(trust, checkpoint_file("lost"), &why));
    restore(false);
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT,
              "knows 16 events of 'example.org/box-1'; this ledger was restored from 11 of them");
    must(log_trust_file(trust, head_line(log_origin(s.ledger), SIZE + 1, false), &why));
    the_verdict_is(LOG_GOOD, LOG_ASPECT_GOOD, "by the trust file (12 events)");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "this ledger was restored from 11 of them");
    must(log_trust_file(trust, head_line(log_origin(s.ledger), 99, true), &why));
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT, "the trust file knows 99 events, but there are only 12 here");
}

static void a_restore_that_claims_to_be_the_newest_is_held_to_it(void **state) {
    (void)state;
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    scratch_fill(&s, SIZE, SIZE + 5, false);
    must(log_trust_checkpoint(trust, checkpoint_file("lost"), &why));
    restore(true);
    the_verdict_is(LOG_CONTRADICTS, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT,
              "knows 16 events, but there are only 12 here: it was cut back or set back");
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, start_small, finish_small)
    const struct CMUnitTest tests[] = {
        T(without_anything_trusted_it_is_not_anchored),
        T(its_log_key_anchors_it),
        T(somebody_elses_key_does_not_anchor_it),
        T(another_key_under_its_name_contradicts),
        T(a_policy_without_witnesses_anchors_by_its_log_key),
        T(a_quorum_of_witnesses_must_have_cosigned),
        T(nothing_else_makes_up_for_a_missing_quorum),
        T(a_bad_cosignature_of_a_trusted_witness_is_invalid),
        T(its_genesis_leaf_anchors_it_and_another_contradicts),
        T(a_genesis_line_binds_its_origin),
        T(an_earlier_checkpoint_anchors_it_and_says_how_far),
        T(a_ledger_that_was_cut_back_contradicts_a_checkpoint),
        T(a_ledger_that_was_cut_back_contradicts_its_copy_of_the_head),
        T(a_second_history_contradicts_a_checkpoint_of_the_first),
        T(a_checkpoint_that_is_not_of_this_log_contradicts),
        T(a_checkpoint_of_no_events_anchors_nothing),
        T(the_trust_files_head_anchors_it_or_contradicts),
        T(what_is_known_of_a_damaged_ledger_is_not_called_good),
        T(a_restored_ledger_keeps_what_was_known_of_it),
        T(what_a_restore_lost_contradicts_until_the_new_origin_is_trusted),
        T(a_restore_that_claims_to_be_the_newest_is_held_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
