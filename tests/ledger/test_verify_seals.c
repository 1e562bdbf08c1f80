/* Verification of checkpoints, epoch keys and handovers: who must sign what, and what is reported if a signature is
 * missing. */
#include "tests/ledger/judge.h"

#include "ledger/write/batch.h"

/* ---- a ledger whose keys the test holds ---- */

static struct signer log_key, epoch_0, epoch_1;

/* Sizes 4 and FULL_SIZE - 2 are kept; the newest is FULL_SIZE. */
static int start_keyed(void **state) {
    start(state);
    log_key = key_of("log.key");
    epoch_0 = key_of("epoch-0.key");
    fill_all();
    epoch_1 = key_of("epoch-1.key");
    return 0;
}

static int finish_keyed(void **state) {
    signer_done(&log_key);
    signer_done(&epoch_0);
    signer_done(&epoch_1);
    return finish(state);
}

#define KEYS(...)                                                                                                          \
    ((const struct signer *const[]){__VA_ARGS__}), sizeof((const struct signer *[]){__VA_ARGS__}) / sizeof(void *)

static void put_newest(const struct signer *const *keys, size_t n) {
    struct buf note = {0};
    const struct head head = head_now();
    uint8_t root[EVENT_HASH];
    merkle_edge_root(&head.edge, root);
    record_put(T_META, bytes_of("checkpoint"), note_by(&note, SCRATCH_ORIGIN, head.size, root, keys, n));
    buf_done(&note);
}

static void root_at(uint64_t size, uint8_t ret[EVENT_HASH]) {
    struct core_view view;
    struct merkle_edge edge;
    must(core_view_begin(s.ledger, &view, &why));
    must(merkle_edge_load(&edge, size, core_node, &view, &why));
    merkle_edge_root(&edge, ret);
    core_view_end(&view);
}

static void keep(uint64_t size, unsigned flags, struct bytes note) {
    struct buf record;
    buf_init(&record, NOTE_MAX + 1);
    buf_put_u8(&record, (uint8_t)flags);
    buf_put_bytes(&record, note);
    record_put(T_CHECKPOINT, key_u64(size), bytes_of_buf(&record));
    buf_done(&record);
}

static void keep_signed(uint64_t size, unsigned flags, const struct signer *const *keys, size_t n) {
    struct buf note = {0};
    uint8_t root[EVENT_HASH];
    root_at(size, root);
    keep(size, flags, note_by(&note, SCRATCH_ORIGIN, size, root, keys, n));
    buf_done(&note);
}

/* ---- the newest checkpoint ---- */

#define LAST (FULL_SIZE - 1)

static void whoever_must_sign_the_newest_checkpoint_and_has_not_is_named(void **state) {
    (void)state;
    put_newest(KEYS(&log_key, &epoch_1));
    nothing_found();
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "log key 'example.org/box-1', 2 epoch keys, 1 handover; newest checkpoint");
    put_newest(KEYS(&epoch_1));
    judge(NULL);
    found_only(LOG_SEALS, LAST, "meta", "the checkpoint of size 310 lacks the signature of the log key");
    aspect_is(LOG_SEALS, LOG_ASPECT_FAULT, "1 fault");
    put_newest(KEYS(&log_key));
    judge(NULL);
    found_only(LOG_SEALS, LAST, "meta", "the checkpoint of size 310 lacks the signature of the epoch key");
    struct signer other = key_new("example.org/other");
    put_newest(KEYS(&other));
    judge(NULL);
    assert_int_equal(report.n_findings, 2);
    aspect_is(LOG_SEALS, LOG_ASPECT_FAULT, "2 faults");
    put_newest(KEYS(&log_key, &epoch_1, &other)); /* additional signers do no harm */
    nothing_found();
    signer_done(&other);
}

/* One letter of the base64 of a signature, on the n-th line from the end. */
static void spoil_signature(struct buf *note, unsigned from_end) {
    size_t at = note->n - 1;
    for (unsigned i = 0; i < from_end; i++) {
        at--;
        while (note->p[at] != '\n') {
            at--;
        }
    }
    at -= 20;
    note->p[at] = note->p[at] == 'A' ? 'B' : 'A';
}

static void a_bad_signature_on_the_newest_checkpoint_is_named(void **state) {
    static const char *const who[] = {"epoch key", "log key"};
    struct buf note = {0}, good = {0};
    char text[100];
    (void)state;
    newest(&good);
    for (unsigned i = 0; i < 2; i++) {
        newest(&note);
        spoil_signature(&note, i);
        record_put(T_META, bytes_of("checkpoint"), bytes_of_buf(&note));
        judge(NULL);
        snprintf(text, sizeof(text), "the signature of the %s on the checkpoint of size 310 is bad", who[i]);
        found_only(LOG_SEALS, LAST, "meta", text);
        record_put(T_META, bytes_of("checkpoint"), bytes_of_buf(&good));
    }
    buf_done(&note);
    buf_done(&good);
}

static void an_epoch_key_that_seals_outside_its_range_is_named(void **state) {
    (void)state;
    put_newest(KEYS(&log_key, &epoch_1, &epoch_0));
    judge(NULL);
    found_only(LOG_SEALS, LAST, "meta", "is signed by epoch key 0, which seals other sizes");
    put_newest(KEYS(&log_key, &epoch_0));
    judge(NULL);
    found(LOG_SEALS, LAST, "meta", "lacks the signature of the epoch key");
    found(LOG_SEALS, LAST, "meta", "is signed by epoch key 0, which seals other sizes");
    assert_int_equal(report.n_findings, 2);
}

static void a_newest_checkpoint_of_another_tree_is_found(void **state) {
    struct buf note = {0};
    const struct head head = head_now();
    uint8_t root[EVENT_HASH];
    const struct signer *const keys[] = {&log_key, &epoch_1};
    (void)state;
    merkle_edge_root(&head.edge, root);
    root[0] ^= 1;
    record_put(T_META, bytes_of("checkpoint"), note_by(&note, SCRATCH_ORIGIN, FULL_SIZE, root, keys, 2));
    judge(NULL);
    found_only(LOG_INTEGRITY, LAST, "meta", "the tree of size 310 does not have the root that was sealed");
    root[0] ^= 1;
    record_put(T_META, bytes_of("checkpoint"), note_by(&note, "example.org/box-2", FULL_SIZE, root, keys, 2));
    judge(NULL);
    found_only(LOG_SEALS, LAST, "meta", "the checkpoint at size 310 is of 'example.org/box-2', size 310");
    record_put(T_META, bytes_of("checkpoint"), note_by(&note, SCRATCH_ORIGIN, FULL_SIZE - 1, root, keys, 2));
    judge(NULL);
    found_only(LOG_SEALS, LAST, "meta", "the checkpoint at size 310 is of 'example.org/box-1', size 309");
    record_put(T_META, bytes_of("checkpoint"), bytes_of("no note at all\n"));
    judge(NULL);
    found_only(LOG_SEALS, LAST, "meta", "the checkpoint of size 310 does not parse");
    buf_done(&note);
}

/* ---- kept checkpoints ---- */

static void a_handover_is_signed_by_both_keys(void **state) {
    (void)state;
    keep_signed(4, CORE_KEEP_HANDOVER, KEYS(&log_key, &epoch_0, &epoch_1));
    nothing_found();
    keep_signed(4, CORE_KEEP_HANDOVER, KEYS(&log_key, &epoch_1));
    judge(NULL);
    found_only(LOG_SEALS, ROTATED_SEQ, "checkpoint", "size 4 lacks the signature of the old epoch key");
    keep_signed(4, CORE_KEEP_HANDOVER, KEYS(&log_key, &epoch_0));
    judge(NULL);
    found_only(LOG_SEALS, ROTATED_SEQ, "checkpoint", "size 4 lacks the signature of the new epoch key");
    keep_signed(4, CORE_KEEP_HANDOVER, KEYS(&epoch_0, &epoch_1));
    judge(NULL);
    found_only(LOG_SEALS, ROTATED_SEQ, "checkpoint", "size 4 lacks the signature of the log key");
}

static void a_handover_without_its_checkpoint_is_found(void **state) {
    (void)state;
    record_del(T_CHECKPOINT, key_u64(4));
    judge(NULL);
    found_only(LOG_SEALS, ROTATED_SEQ, "checkpoint", "the handover at size 4 has no checkpoint");
}

static void a_newest_group_without_a_kept_checkpoint_is_found(void **state) {
    (void)state;
    record_del(T_CHECKPOINT, key_u64(FULL_SIZE - 2));
    judge(NULL);
    found_only(LOG_SEALS, 255, "checkpoint", "no checkpoint is kept of size 256 or above");
}

static void a_new_ledger_without_its_kept_checkpoint_is_found(void **state) {
    (void)state;
    scratch_append(&s, 1, NULL);
    nothing_found();
    record_del(T_CHECKPOINT, key_u64(1));
    judge(NULL);
    found_only(LOG_SEALS, 0, "checkpoint", "no checkpoint is kept of size 1 or above");
}

static void a_kept_checkpoint_of_another_tree_is_found(void **state) {
    struct buf note = {0};
    uint8_t root[EVENT_HASH];
    const struct signer *const keys[] = {&log_key, &epoch_1};
    (void)state;
    root_at(200, root);
    keep(200, CORE_KEEP_COSIGNED, note_by(&note, SCRATCH_ORIGIN, 200, root, keys, 2));
    nothing_found();
    root[31] ^= 1;
    keep(200, CORE_KEEP_COSIGNED, note_by(&note, SCRATCH_ORIGIN, 200, root, keys, 2));
    judge(NULL);
    found_only(LOG_INTEGRITY, 199, "checkpoint", "the tree of size 200 does not have the root that was sealed");
    buf_done(&note);
}

static void a_kept_record_that_is_no_checkpoint_is_found(void **state) {
    struct buf good = {0};
    (void)state;
    assert_true(record_get(T_CHECKPOINT, key_u64(4), &good));
    record_put(T_CHECKPOINT, key_u64(4), (struct bytes){good.p, 1});
    judge(NULL);
    found_only(LOG_SEALS, ROTATED_SEQ, "checkpoint", "the checkpoint of size 4 does not parse");
    record_put(T_CHECKPOINT, key_u64(4), (struct bytes){good.p, 0});
    judge(NULL);
    found(LOG_SEALS, ROTATED_SEQ, "checkpoint", "the checkpoint of size 4 does not parse");
    found(LOG_SEALS, ROTATED_SEQ, "checkpoint", "the record of size 4 gives a wrong reason for being kept");
    for (unsigned flags = 0; flags < 16; flags++) {
        bool right = (flags & CORE_KEEP_HANDOVER) != 0 && flags < 8;
        good.p[0] = (uint8_t)flags;
        record_put(T_CHECKPOINT, key_u64(4), bytes_of_buf(&good));
        if (right) {
            nothing_found();
        } else {
            judge(NULL);
            found_only(LOG_SEALS, ROTATED_SEQ, "checkpoint", "the record of size 4 gives a wrong reason for being kept");
        }
    }
    buf_done(&good);
}

/* ---- events that name keys ---- */

/* An event of the ledger's own kinds, as only the ledger writes it. */
static int write_own(const char *kind, const char *json) {
    struct log_batch *batch;
    struct buf body = {0};
    struct log_draft draft = scratch_draft(kind, "ledger/" SCRATCH_ORIGIN, scratch_map(&body, "%s", json));
    must(log_batch_new(s.ledger, &batch, &why));
    int rc = batch_add_control(batch, &draft, &why);
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, &why);
    log_batch_free(batch);
    buf_done(&body);
    return rc;
}

static void a_second_genesis_is_found(void **state) {
    struct signer other = key_new("example.org/box-2");
    char vkey[NOTE_VKEY_MAX], json[1200];
    (void)state;
    note_vkey_encode(vkey, &other.vkey);
    snprintf(json, sizeof(json),
             "{\"format\":1,\"origin\":\"example.org/box-2\",\"log_vkey\":\"%s\",\"epoch_vkey\":\"%s\"}", vkey, vkey);
    must(write_own("ledger.created", json));
    judge(NULL);
    found_only(LOG_INTEGRITY, 1, "tail", "ledger.created is not the first event");
    signer_done(&other);
}

/* A witness's key seals nothing. */
static void a_rotation_to_no_epoch_key_is_found(void **state) {
    struct signer other = key_new(SCRATCH_ORIGIN "/epoch");
    struct note_vkey witness;
    char vkey[NOTE_VKEY_MAX], json[600];
    (void)state;
    must(note_vkey_make(&witness, bytes_of(SCRATCH_ORIGIN "/epoch"), NOTE_COSIGNATURE, other.vkey.public_key, &why));
    note_vkey_encode(vkey, &witness);
    snprintf(json, sizeof(json), "{\"epoch\":1,\"vkey\":\"%s\"}", vkey);
    must(write_own("ledger.key_rotated", json));
    judge(NULL);
    found_only(LOG_SEALS, 1, "tail", "its vkey is not the verifier key of an Ed25519 key");
    signer_done(&other);
}

/* The event hands over to a key that sealed nothing. */
static void a_rotation_that_was_not_sealed_is_found(void **state) {
    struct signer other = key_new(SCRATCH_ORIGIN "/epoch");
    char vkey[NOTE_VKEY_MAX], json[600];
    (void)state;
    note_vkey_encode(vkey, &other.vkey);
    snprintf(json, sizeof(json), "{\"epoch\":1,\"vkey\":\"%s\"}", vkey);
    must(write_own("ledger.key_rotated", json));
    judge(NULL);
    found(LOG_SEALS, 1, "checkpoint", "the handover at size 2 has no checkpoint");
    found(LOG_SEALS, 1, "meta", "lacks the signature of the new epoch key");
    found(LOG_INTEGRITY, 1, "epoch", "the record of epoch 1 is not what its event says");
    found(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record names epoch 0 from size 1");
    signer_done(&other);
}

static void three_rotations_at_once_verify(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        must(log_key_rotate(s.ledger, "user:test", "by hand", NULL, &why));
    }
    nothing_found();
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "4 epoch keys, 3 handovers; newest checkpoint at size 4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_must_sign_the_newest_checkpoint_and_has_not_is_named, start_keyed,
                                        finish_keyed),
        cmocka_unit_test_setup_teardown(a_bad_signature_on_the_newest_checkpoint_is_named, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(an_epoch_key_that_seals_outside_its_range_is_named, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_newest_checkpoint_of_another_tree_is_found, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_handover_is_signed_by_both_keys, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_handover_without_its_checkpoint_is_found, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_newest_group_without_a_kept_checkpoint_is_found, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_new_ledger_without_its_kept_checkpoint_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_kept_checkpoint_of_another_tree_is_found, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_kept_record_that_is_no_checkpoint_is_found, start_keyed, finish_keyed),
        cmocka_unit_test_setup_teardown(a_second_genesis_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_rotation_to_no_epoch_key_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_rotation_that_was_not_sealed_is_found, start, finish),
        cmocka_unit_test_setup_teardown(three_rotations_at_once_verify, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
