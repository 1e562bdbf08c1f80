/* Corrections: a state is the fold of the preceding events without those that a preceding correction names, however and
 * whenever it is folded. The reference has events of a kind that no projection takes in place of what was corrected. */
#include <ctype.h>
#include <time.h>

#include "projections/fold/correct.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "projections/walk/since_store.h"
#include "tests/projections/random_events.h"
#include "tests/projections/tuned.h"
#include "tests/projections/view_text.h"

#define EVENTS  150
#define MOMENTS 5

TUNED(__wrap_state_tuning)

/* Small segments: a correction is in another one than the mistake, and rows of both are compared. */
static const struct state_tuning small = {
    .segment = 32, .lag_max = 16, .chunk_bytes = 1 << 20, .chunk_rows = 100, .aside_min = 20, .overlay_bytes = 1 << 20};

static struct state_options small_options(void) {
    struct state_options options;
    state_options_init(&options);
    tune(&small);
    return options;
}

/* ---- what is compared: everything except clocks and identities of the two ledgers ---- */

/* What a ledger says about itself. */
static bool is_own_table(const char *line) {
    return strncmp(line, "epochs:", 7) == 0 || strncmp(line, "keys:", 5) == 0 || strncmp(line, "ledgers:", 8) == 0;
}

static bool is_told_of_state(const char *p) {
    return strncmp(p, " since=", 7) == 0 || strncmp(p, " since_seq=", 11) == 0 || strncmp(p, " evidence=", 10) == 0 ||
           strncmp(p, " clauses=", 9) == 0 /* which have citations */ ||
           strncmp(p, " duration_ms=", 13) == 0; /* by the time of writing */
}

/* Rows only; times, which are large, are replaced by a letter. */
static struct buf plain_text(struct ledger *ledger, uint64_t at, uint64_t now) {
    struct state_options options = small_options();
    struct state_view *view;
    struct buf out, plain;
    buf_init(&out, (size_t)64 << 20);
    buf_init(&plain, (size_t)64 << 20);
    options.at = at;
    options.now = now + UINT64_C(50000000000); /* half of what expires has expired */
    options.no_write = true;
    if (state_open(ledger, &options, &view, &why) != 0) {
        fail_msg("a view at %llu: %s", (unsigned long long)at, why.msg);
    }
    put_view(view, &out);
    buf_put_u8(&out, '\0');
    for (char *line = (char *)out.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (strchr(line, ':') == NULL || is_own_table(line)) {
            continue; /* digests */
        }
        for (char *p = line; *p != '\0'; p++) {
            if (is_told_of_state(p)) { /* names the correction: a log without it cannot */
                p += 1 + strcspn(p + 1, " ");
                p--;
                continue;
            }
            size_t n = p > line && (p[-1] == '=' || p[-1] == '-') ? strspn(p, "0123456789") : 0;
            if (n >= 19 && (p[n] == ' ' || p[n] == '\0')) {
                buf_put_u8(&plain, 'T');
                p += n - 1;
            } else {
                buf_put_u8(&plain, (uint8_t)*p);
            }
        }
        buf_put_u8(&plain, '\n');
    }
    state_close(view);
    buf_done(&out);
    return plain;
}

static void same(const struct buf *a, const struct buf *b, uint64_t seed, uint64_t at, const char *what) {
    if (bytes_eq(bytes_of_buf(a), bytes_of_buf(b))) return;
    size_t i = 0, line;
    while (i < a->n && i < b->n && a->p[i] == b->p[i]) {
        i++;
    }
    for (line = i; line > 0 && a->p[line - 1] != '\n'; line--) {
    }
    /* what differs, and a little context before it */
    line = i - line > 60 ? i - 60 : line;
    fail_msg("seed %llu, at %llu, %s: %.200s | %.200s", (unsigned long long)seed, (unsigned long long)at, what,
             (const char *)a->p + line, (const char *)b->p + line);
}

/* ---- histories ---- */

struct history {
    uint64_t seed, now;
    uint64_t size;              /* of the ledger */
    uint64_t corrected[EVENTS]; /* event i was corrected by this one; LOG_NO_SEQ: it was not */
    bool is_correction[EVENTS];
};

static void noop(struct ledger *ledger) {
    struct log_receipt receipt;
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of("x.test.nothing");
    draft.subject = bytes_of("run/alpha");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    assert_int_equal(log_append(ledger, &draft, &receipt, NULL, &why), 0);
}

static void catch_up(struct ledger *ledger) {
    struct state_options options = small_options();
    assert_int_equal(rebuild_catch_up(ledger, &options, &why), 0);
}

/* Events as the generator makes them, and corrections of some existing ones; the generator's own state does not depend on
 * what was refused. */
static void grow(struct box *box, struct history *h) {
    struct random_event r, chance;
    random_event_init(&r, h->seed);
    random_event_init(&chance, h->seed * 31 + 7);
    for (uint64_t i = 0; i < EVENTS; i++) {
        h->corrected[i] = LOG_NO_SEQ;
    }
    for (h->size = 1; h->size < EVENTS; h->size++) {
        struct log_receipt receipt = {.seq = h->size};
        uint64_t target = 1 + random_below(&chance, (uint32_t)h->size);
        bool correct = random_below(&chance, 8) == 0 && target < h->size && !h->is_correction[target] &&
                       h->corrected[target] == LOG_NO_SEQ;
        struct log_correct_options o = {.seq = target, .replaced_by = LOG_NO_SEQ, .reason = "mistake", .actor = "user:t"};
        if (correct && log_correct(box->ledger, &o, &receipt, &why) == 0) {
            h->corrected[target] = h->size;
            h->is_correction[h->size] = true;
        } else {
            do {
                random_event_make(&r, h->now);
            } while (!random_event_append(box->ledger, &r, &receipt));
        }
        assert_int_equal(receipt.seq, h->size);
        if (random_below(&chance, 12) == 0) {
            catch_up(box->ledger);
        }
    }
    random_event_done(&r);
    random_event_done(&chance);
}

/* The events below `at`, with nothing in place of those corrected by then, and of corrections. */
static void grow_without(struct box *box, const struct history *h, uint64_t at) {
    struct random_event r;
    random_event_init(&r, h->seed);
    for (uint64_t i = 1; i < at; i++) {
        struct log_receipt receipt;
        bool skipped = h->is_correction[i] || h->corrected[i] < at;
        while (!h->is_correction[i]) {
            random_event_make(&r, h->now);
            if (random_event_take(box->ledger, &r, skipped ? NULL : &receipt)) break;
        }
        if (skipped) {
            noop(box->ledger);
        }
    }
    random_event_done(&r);
}

static void no_difference(void *ctx, const struct projection *projection, const char *words) {
    (void)ctx;
    fail_msg("%s: %s", projection->name, words);
}

static void one_seed(uint64_t seed) {
    struct history h = {.seed = seed, .now = ((uint64_t)time(NULL) + 1000) * UINT64_C(1000000000)};
    struct state_options options = small_options();
    struct correction *all = NULL;
    struct box box;
    uint64_t checked, read = 0;
    size_t n = 0;
    box_open(&box);
    grow(&box, &h);
    assert_int_equal(correct_load(box.ledger, h.size, &all, &n, &read, &why), 0);
    assert_true(n > 3 && read == h.size);
    correct_unload(all, n);
    catch_up(box.ledger);
    assert_int_equal(rebuild_check(box.ledger, &options, UINT32_MAX, no_difference, NULL, &checked, NULL, &why), 0);
    for (int m = 1; m <= MOMENTS; m++) {
        uint64_t at = m == MOMENTS ? h.size : h.size * (uint64_t)m / MOMENTS;
        struct box without;
        box_open(&without);
        grow_without(&without, &h, at);
        struct buf wanted = plain_text(without.ledger, LOG_NO_SEQ, h.now), got = plain_text(box.ledger, at, h.now);
        same(&got, &wanted, seed, at, "as events came");
        buf_done(&got);
        if (m % 3 == 0) {
            assert_int_equal(rebuild_drop(box.ledger, &why), 0);
            got = plain_text(box.ledger, at, h.now);
            same(&got, &wanted, seed, at, "from the first event");
            buf_done(&got);
        }
        buf_done(&wanted);
        box_close(&without);
    }
    assert_int_equal(rebuild_run(box.ledger, &options, UINT32_MAX, &why), 0);
    assert_int_equal(rebuild_check(box.ledger, &options, UINT32_MAX, no_difference, NULL, &checked, NULL, &why), 0);
    box_close(&box);
}

static void a_state_is_the_fold_without_what_was_corrected_before_it(void **state) {
    uint64_t random = (uint64_t)time(NULL);
    const char *given = getenv("SEED");
    (void)state;
    printf("random seed %llu\n", (unsigned long long)random);
    if (given != NULL) {
        one_seed(strtoull(given, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= 2; seed++) {
        one_seed(seed);
    }
    one_seed(random);
}

/* ---- damage ---- */

static void flip_bit(struct ledger *ledger, uint64_t seq, size_t bit) {
    struct bytes record;
    struct db_txn *txn;
    struct buf copy;
    buf_init(&copy, SIZE_MAX);
    assert_int_equal(db_begin(ledger->evidence, true, &txn, &why), 0);
    assert_int_equal(db_get_u64(txn, T_TAIL, seq, &record, &why), 0);
    buf_put_bytes(&copy, record);
    copy.p[bit / 8 % record.n] ^= (uint8_t)(1U << bit % 8);
    assert_int_equal(db_put_u64(txn, T_TAIL, seq, bytes_of_buf(&copy), DB_PUT, &why), 0);
    assert_int_equal(db_commit(txn, &why), 0);
    buf_done(&copy);
}

/* A verdict mentions the damage itself. */
static void drop_verdicts(struct buf *text) {
    size_t n = 0;
    for (size_t from = 0, to; from < text->n; from = to) {
        const uint8_t *end = memchr(text->p + from, '\n', text->n - from);
        to = end != NULL ? (size_t)(end - text->p) + 1 : text->n;
        if (strncmp((const char *)text->p + from, "verdicts:", 9) != 0 &&
            strncmp((const char *)text->p + from, "clauses:", 8) != 0) {
            memmove(text->p + n, text->p + from, to - from);
            n += to - from;
        }
    }
    text->n = n;
}

/* The rows of a view in which each projection went as far as it could. */
static struct buf rows_of(struct ledger *ledger, uint64_t at, uint64_t now, uint64_t *ret_position, bool *ret_whole) {
    struct state_options options = small_options();
    struct state_view *view;
    struct state_status status;
    struct buf out;
    buf_init(&out, (size_t)64 << 20);
    options.at = at;
    options.now = now;
    options.no_write = true;
    assert_int_equal(state_open(ledger, &options, &view, &why), 0);
    *ret_whole = state_whole(view, NULL) == 0;
    state_status(view, 0, &status);
    *ret_position = status.position;
    for (size_t i = 1; i < state_projections(view); i++) {
        state_status(view, i, &status);
        assert_int_equal(status.position, *ret_position);
    }
    put_rows(view, &out);
    drop_verdicts(&out);
    state_close(view);
    return out;
}

/* Whatever bit of whatever event is flipped: the rows are those of the undamaged log up to where the view stopped, and it
 * says that it stopped. If no folded event was hit, they are those of the whole log. */
static void one_damaged_history(uint64_t seed) {
    struct history h = {.seed = seed, .now = ((uint64_t)time(NULL) + 1000) * UINT64_C(1000000000)};
    struct random_event chance;
    unsigned stopped = 0;
    struct box box;
    box_open(&box);
    grow(&box, &h);
    random_event_init(&chance, seed * 17 + 3);
    for (unsigned i = 0; i < 24; i++) {
        uint64_t seq = random_below(&chance, (uint32_t)h.size), position, whole_position;
        size_t bit = random_below(&chance, 1U << 20);
        bool whole, other;
        if (i == 12) {
            assert_int_equal(rebuild_drop(box.ledger, &why), 0);
        }
        flip_bit(box.ledger, seq, bit);
        struct buf got = rows_of(box.ledger, LOG_NO_SEQ, h.now, &position, &whole);
        flip_bit(box.ledger, seq, bit);
        assert_true(position == h.size || !whole);
        struct buf wanted = rows_of(box.ledger, position, h.now, &whole_position, &other);
        assert_true(other);
        same(&got, &wanted, seed, seq, "damaged");
        stopped += !whole;
        buf_done(&got);
        buf_done(&wanted);
    }
    assert_true(stopped > 6);
    random_event_done(&chance);
    box_close(&box);
}

static void damage_ends_states_and_is_never_folded_over(void **state) {
    uint64_t random = (uint64_t)time(NULL);
    const char *given = getenv("SEED");
    (void)state;
    printf("random seed %llu\n", (unsigned long long)random);
    one_damaged_history(given != NULL ? strtoull(given, NULL, 10) : 5);
    one_damaged_history(given != NULL ? strtoull(given, NULL, 10) : random);
}

/* ---- single cases ---- */

static uint64_t correct(struct box *box, uint64_t seq, int rc) {
    struct log_correct_options o = {.seq = seq, .replaced_by = LOG_NO_SEQ, .reason = "mistake", .actor = "user:t"};
    struct log_receipt receipt = {0};
    assert_int_equal(log_correct(box->ledger, &o, &receipt, &box->err), rc);
    return receipt.seq;
}

static void a_revocation_that_was_a_mistake_grants_again_and_the_past_stays(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t granted = box_event(&box, "permission.granted", "pack/p", "{\"group\":\"exec\",\"tier\":\"T1\"}");
    uint64_t revoked = box_event(&box, "permission.revoked", "pack/p", "{\"group\":\"exec\"}");
    uint64_t by = correct(&box, revoked, 0);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "permissions", "pack/p", "exec", "", NULL));
    box_text(&box, "state", "granted");
    box_int(&box, "since_seq", (int64_t)by);
    box_evidence(&box, (size_t)2, granted, by);
    box_view(&box, by, 0);
    assert_true(box_row(&box, "permissions", "pack/p", "exec", "", NULL));
    box_text(&box, "state", "revoked");
    box_close(&box);
}

static void what_the_ledger_says_of_itself_is_not_corrected_and_nothing_twice(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t seq = box_event(&box, "pack.installed", "pack/p", "{\"version\":\"1\"}");
    correct(&box, 0, ERR_INVALID);
    correct(&box, seq + 1, ERR_NOTFOUND);
    uint64_t by = correct(&box, seq, 0);
    correct(&box, seq, ERR_CONFLICT);
    assert_non_null(strstr(box.err.msg, "was corrected before"));
    correct(&box, by, ERR_INVALID);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box_row(&box, "packs", "p", NULL));
    box_event(&box, "pack.installed", "pack/p", "{\"version\":\"1\"}"); /* withdrawn */
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "packs", "p", NULL));
    box_close(&box);
}

/* Older programs accepted events of the source `ledger` from anybody. */
static void an_event_that_has_the_key_of_a_correction_stops_none(void **state) {
    struct log_draft draft;
    struct log_batch *batch = NULL;
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t seq = box_event(&box, "pack.installed", "pack/p", "{\"version\":\"1\"}");
    log_draft_init(&draft);
    draft.kind = bytes_of("x.test.note");
    draft.subject = bytes_of("a/b");
    draft.actor = bytes_of("user:t");
    draft.source = bytes_of("ledger");
    draft.grade = bytes_of("declared");
    draft.key = bytes_of("corrected:1");
    draft.body = (struct bytes){(const uint8_t *)"\x80", 1};
    assert_int_equal(seq, 1);
    assert_int_equal(log_append(box.ledger, &draft, NULL, NULL, &box.err), ERR_INVALID);
    assert_non_null(strstr(box.err.msg, "'source' is 'ledger'"));
    assert_int_equal(log_batch_new(box.ledger, &batch, &box.err), 0);
    assert_int_equal(batch_add_control(batch, &draft, &box.err), 0);
    assert_int_equal(log_batch_commit(batch, NULL, NULL, NULL, &box.err), 0);
    log_batch_free(batch);
    uint64_t by = correct(&box, seq, 0);
    assert_int_equal(by, 3);
    correct(&box, seq, ERR_CONFLICT);
    assert_non_null(strstr(box.err.msg, "event 1 was corrected before, by event 3"));
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box_row(&box, "packs", "p", NULL));
    box_close(&box);
}

static void a_correction_with_another_leaf_or_of_a_later_event_does_nothing(void **state) {
    static const char *const bodies[] = {
        "{\"seq\":1,\"leaf\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"reason\":\"x\"}",
        "{\"seq\":9,\"leaf\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"reason\":\"x\"}",
        "{\"seq\":0,\"leaf\":\"\",\"reason\":\"x\"}",
    };
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\":\"1\"}");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        box_odd(&box, "ledger.corrected", "event/1", bodies[i]);
    }
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "packs", "p", NULL));
    box_close(&box);
}

/* The number of events as of which rows of permissions are stored. */
static uint64_t stored_to(struct box *box) {
    struct state_status status;
    state_status(box->view, state_find(box->view, "permissions"), &status);
    return status.stored_position;
}

static void a_row_cites_all_corrections_that_made_it_what_it_is(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t granted = box_event(&box, "permission.granted", "pack/p", "{\"group\":\"exec\",\"tier\":\"T1\"}");
    uint64_t denied = box_event(&box, "permission.denied", "pack/p", "{\"group\":\"exec\"}");
    uint64_t revoked = box_event(&box, "permission.revoked", "pack/p", "{\"group\":\"exec\"}");
    uint64_t first = correct(&box, revoked, 0), second = correct(&box, denied, 0);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "permissions", "pack/p", "exec", "", NULL));
    box_text(&box, "state", "granted");
    box_evidence(&box, (size_t)3, granted, first, second);
    uint64_t again = box_event(&box, "permission.granted", "pack/p", "{\"group\":\"exec\",\"tier\":\"T2\"}");
    box_view(&box, LOG_NO_SEQ, 0); /* from here on it depends on neither */
    assert_true(box_row(&box, "permissions", "pack/p", "exec", "", NULL));
    box_evidence(&box, (size_t)1, again);
    box_close(&box);
}

static void what_a_correction_changes_is_found_once_and_stored(void **state) {
    struct since_record known;
    struct box box;
    size_t t;
    (void)state;
    box_open(&box);
    uint64_t granted = box_event(&box, "permission.granted", "pack/p", "{\"group\":\"exec\",\"tier\":\"T1\"}");
    uint64_t revoked = box_event(&box, "permission.revoked", "pack/p", "{\"group\":\"exec\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_int_equal(stored_to(&box), 0); /* each view folds few events again */
    uint64_t by = correct(&box, revoked, 0);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_int_equal(stored_to(&box), by + 1);
    assert_true(box_row(&box, "permissions", "pack/p", "exec", "", NULL)); /* and since when it is so */
    box_evidence(&box, (size_t)2, granted, by);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box.view->corrected);
    t = state_table_find(box.view, "permissions");
    assert_int_equal(since_load(box.view, state_table(box.view, t), by + 1, &known, &box.err), 0);
    assert_int_equal(known.position, by + 1);
    since_record_done(&known);
    by = correct(&box, granted, 0);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box.view->corrected);
    assert_int_equal(stored_to(&box), by); /* this view's rows are stored when it is closed */
    assert_false(box_row(&box, "permissions", "pack/p", "exec", "", NULL));
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box.view->corrected);
    assert_int_equal(stored_to(&box), by + 1);
    box_close(&box);
}

static void the_body_of_a_correction_cannot_be_erased(void **state) {
    struct log_receipt receipt;
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t by = correct(&box, box_event(&box, "pack.installed", "pack/p", NULL), 0);
    const struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = &by, .n_seqs = 1, .reason = "request", .actor = "user:t"};
    assert_int_equal(log_erase(box.ledger, &o, &receipt, &box.err), ERR_INVALID);
    assert_non_null(strstr(box.err.msg, "what the ledger itself rests on cannot be erased"));
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_the_fold_without_what_was_corrected_before_it),
        cmocka_unit_test(damage_ends_states_and_is_never_folded_over),
        cmocka_unit_test(a_revocation_that_was_a_mistake_grants_again_and_the_past_stays),
        cmocka_unit_test(what_the_ledger_says_of_itself_is_not_corrected_and_nothing_twice),
        cmocka_unit_test(an_event_that_has_the_key_of_a_correction_stops_none),
        cmocka_unit_test(a_correction_with_another_leaf_or_of_a_later_event_does_nothing),
        cmocka_unit_test(a_row_cites_all_corrections_that_made_it_what_it_is),
        cmocka_unit_test(what_a_correction_changes_is_found_once_and_stored),
        cmocka_unit_test(the_body_of_a_correction_cannot_be_erased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
