/* Events under the newest checkpoint: each is returned with its body; one that was replaced together with the stored tree
 * is refused, and so is a checkpoint that the log key did not sign. */
#include "ledger/read/proven.h"
#include "tests/ledger/spoil.h"

static int start_rich(void **state) {
    start(state);
    rich_fill();
    return 0;
}

static void every_event_is_proven_and_none_after_the_last(void **state) {
    struct proven *proven;
    struct log_event event;
    uint64_t size = scratch_size(&s);
    (void)state;
    must(proven_open(s.ledger, &proven, &why));
    for (uint64_t seq = 0; seq < size; seq += seq < 600 ? 1 : 97) {
        must(proven_event(proven, seq, &event, &why));
        assert_int_equal(event.seq, seq);
        assert_true(event.body.n > 0);
    }
    must_fail(proven_event(proven, size, &event, &why), ERR_NOTFOUND, "there is no event");
    proven_close(proven);
}

/* All of a forger's work: the bundle, and the hash of the group in the stored tree. */
static void forge_with_tree(struct spoiled *spoiled, uint64_t index) {
    struct group *group = group_new();
    struct core_view view;
    struct buf tile = {0};
    uint8_t root[EVENT_HASH];
    assert_non_null(group);
    spoil_forge(spoiled, index, 5, FORGE_KEY);
    must(core_view_begin(s.ledger, &view, &why));
    must(core_group_load(view.txn, &view.head, index, group, NULL, &why));
    group_root(group, root);
    core_view_end(&view);
    assert_true(record_get(T_TILE, key_tile(1, 0), &tile));
    memcpy(tile.p + index * EVENT_HASH, root, EVENT_HASH);
    spoil_record(spoiled, T_TILE, key_tile(1, 0), bytes_of_buf(&tile));
    buf_done(&tile);
    group_free(group);
}

static void an_event_that_was_exchanged_with_the_stored_tree_is_refused(void **state) {
    struct proven *proven;
    struct log_event event;
    struct log_reader *reader;
    struct spoiled *spoiled = spoil_begin();
    (void)state;
    forge_with_tree(spoiled, 3);
    must(log_reader_open(s.ledger, 3 * EVENT_GROUP + 6, LOG_NO_SEQ, &reader, &why));
    must(log_reader_next(reader, &event, &why)); /* a reader that does not ask for proof is deceived */
    log_reader_close(reader);
    must(proven_open(s.ledger, &proven, &why));
    must_fail(proven_event(proven, 3 * EVENT_GROUP + 5, &event, &why), ERR_TAMPERED, "not in the tree");
    must_fail(proven_event(proven, 3 * EVENT_GROUP + 6, &event, &why), ERR_TAMPERED, "not in the tree");
    proven_close(proven);
    unspoil(spoiled);
}

static void a_checkpoint_that_the_log_key_did_not_sign_is_refused(void **state) {
    struct proven *proven;
    struct spoiled *spoiled = spoil_begin();
    struct buf note = {0};
    (void)state;
    assert_true(record_get(T_META, bytes_of("checkpoint"), &note));
    for (size_t i = 0; i < note.n; i++) { /* another root */
        if (note.p[i] == '=') {
            note.p[i - 20] = note.p[i - 20] == 'A' ? 'B' : 'A';
            break;
        }
    }
    spoil_record(spoiled, T_META, bytes_of("checkpoint"), bytes_of_buf(&note));
    must_fail(proven_open(s.ledger, &proven, &why), ERR_TAMPERED, "not signed by the log key");
    unspoil(spoiled);
    buf_done(&note);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_proven_and_none_after_the_last),
        cmocka_unit_test(an_event_that_was_exchanged_with_the_stored_tree_is_refused),
        cmocka_unit_test(a_checkpoint_that_the_log_key_did_not_sign_is_refused),
    };
    return cmocka_run_group_tests(tests, start_rich, finish);
}
