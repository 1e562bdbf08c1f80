/* Adding drafts to a batch: what is remembered of earlier events changes nothing but the time it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"
#include "ledger/kinds/kind.h"
#include "ledger/write/batch.h"

#define TOKEN  "ghp_0123456789abcdefghijABCDEFGHIJ012345"
#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct ledger nowhere; /* no draft here is signed or committed */

static struct log_batch *new_batch(void) {
    struct log_batch *batch = NULL;
    assert_int_equal(log_batch_new(&nowhere, &batch, NULL), 0);
    return batch;
}

static struct log_draft draft_of(const char *kind, struct bytes body) {
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of("run/1");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("test");
    draft.grade = bytes_of("measured");
    draft.body = body;
    return draft;
}

static struct bytes part(const struct log_batch *batch, size_t at, size_t n) {
    return n == 0 ? (struct bytes){NULL, 0} : batch_bytes(batch, at, n);
}

/* All of an entry except its random bytes and its position. */
static void assert_same_entry(const struct log_batch *x, const struct batch_entry *a, const struct log_batch *y,
                              const struct batch_entry *b) {
    assert_true(bytes_eq(part(x, a->head.at, a->head.n), part(y, b->head.at, b->head.n)));
    assert_true(bytes_eq(part(x, a->key.at, a->key.n), part(y, b->key.at, b->key.n)));
    assert_true(bytes_eq(part(x, a->payload.at, a->payload.n), part(y, b->payload.at, b->payload.n)));
    assert_true(bytes_eq(part(x, a->private_.at, a->private_.n), part(y, b->private_.at, b->private_.n)));
    assert_true(bytes_eq(part(x, a->subject.at, a->subject.n), part(y, b->subject.at, b->subject.n)));
    assert_int_equal(a->has_private, b->has_private);
    assert_int_equal(a->masked, b->masked);
    assert_true(a->key_hash == b->key_hash);
}

/* ---- what is remembered ------------------------------------------------------------------------------------------- */

static const char *const TEXTS[] = {"",
                                    "a",
                                    "ollama",
                                    "llama3.2",
                                    "llama3.3",
                                    "exactly 16 bytes",
                                    "exactly 16 bytes, and then many more of them",
                                    "exactly 16 bytes, and then many more of Them",
                                    TOKEN,
                                    "the key is " TOKEN,
                                    DIGEST,
                                    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
                                    "/home/alice/notes",
                                    "/mnts/alice/notes",
                                    "/home/alice",
                                    "C:\\Users\\bob\\x",
                                    "gr\xc3\xbc\xc3\x9f"
                                    "e",
                                    "gr\xc3\x28",
                                    "a\nb",
                                    "c2 \xc2\x85",
                                    "error",
                                    "ok",
                                    "yes",
                                    "2026-11-21T00:32:38Z",
                                    "1790000000000000000",
                                    "tomorrow",
                                    "‹secret:github-pat:40›"};
static const char *const KINDS[] = {"run.model_called",   "run.model_returned", "run.tool_called", "run.step",
                                    "permission.granted", "x.acme.thing",       "x.acme",          "run.unknown"};
/* In order. */
static const char *const NAMES[] = {"agent", "at",      "at_text", "digest",   "group",    "model", "ok",
                                    "other", "outcome", "parent",  "password", "provider", "route", "status"};

static uint64_t seed;

static unsigned draw(unsigned n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % n;
}

static struct bytes a_text(void) {
    return bytes_of(TEXTS[draw(sizeof(TEXTS) / sizeof(TEXTS[0]))]);
}

static void put_map(struct buf *out, unsigned each) {
    uint32_t count = 0;
    bool in[sizeof(NAMES) / sizeof(NAMES[0])];
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        in[i] = draw(each) == 0;
        count += in[i];
    }
    mp_put_map(out, count);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (!in[i]) continue;
        mp_put_str(out, bytes_of(NAMES[i]));
        switch (draw(12)) {
        case 0:
            mp_put_uint(out, draw(1000));
            break;
        case 1:
            mp_put_array(out, 2);
            mp_put_str(out, a_text());
            mp_put_nil(out);
            break;
        default:
            mp_put_str(out, a_text());
        }
    }
}

struct random_draft {
    struct buf body, private_, open;
    struct log_draft draft;
};

static void make_draft(struct random_draft *r) {
    buf_clear(&r->body);
    buf_clear(&r->private_);
    buf_clear(&r->open);
    put_map(&r->body, 5);
    r->draft = draft_of(KINDS[draw(sizeof(KINDS) / sizeof(KINDS[0]))], bytes_of_buf(&r->body));
    if (draw(8) == 0) {
        put_map(&r->private_, 12);
        r->draft.private_ = bytes_of_buf(&r->private_);
    }
    if (draw(12) == 0) {
        mp_put_array(&r->open, 1);
        mp_put_str(&r->open, bytes_of(NAMES[draw(sizeof(NAMES) / sizeof(NAMES[0]))]));
        r->draft.open = bytes_of_buf(&r->open);
    }
    struct bytes *const strings[] = {&r->draft.subject, &r->draft.actor, &r->draft.source, &r->draft.run, &r->draft.key};
    if (draw(3) == 0) {
        *strings[draw(5)] = a_text();
    }
}

/* Each draft is added to a batch that has seen many, and to one that has seen none. */
static void a_draft_becomes_the_same_event_whatever_came_before_it(void **state) {
    (void)state;
    struct log_batch *many = new_batch();
    struct random_draft r;
    size_t good = 0, private_ = 0, masked = 0;
    buf_init(&r.body, 1 << 16);
    buf_init(&r.private_, 1 << 16);
    buf_init(&r.open, 1 << 16);
    seed = 88172645463325252u;
    for (unsigned i = 0; i < 40000; i++) {
        struct log_batch *alone = new_batch();
        struct err a = {0}, b = {0};
        make_draft(&r);
        if (i % 500 == 0) {
            log_batch_clear(many);
        }
        int rc = log_batch_add(many, &r.draft, &a);
        assert_int_equal(rc, log_batch_add(alone, &r.draft, &b));
        assert_string_equal(a.msg, b.msg);
        if (rc == 0) {
            const struct batch_entry *e = &many->entry[many->n - 1];
            assert_same_entry(many, e, alone, &alone->entry[0]);
            good++;
            private_ += e->has_private;
            masked += e->masked;
        }
        log_batch_free(alone);
    }
    assert_true(good > 4000 && private_ > 1000 && masked > 1000);
    buf_done(&r.body);
    buf_done(&r.private_);
    buf_done(&r.open);
    log_batch_free(many);
}

static void a_text_that_was_good_in_one_field_is_judged_in_another(void **state) {
    (void)state;
    static const struct {
        const char *kind, *good, *bad, *message;
    } cases[] = {
        {"run.model_called", "{\"model\":\"llama3.2\"}", "{\"digest\":\"llama3.2\"}", "field 'digest' is not a digest"},
        {"permission.granted", "{\"group\":\"exec\",\"scope\":\"inbox\"}", "{\"group\":\"exec\",\"tier\":\"inbox\"}",
         "field 'tier' is 'inbox'"},
        {"run.step", "{\"step\":\"fetch\"}", "{\"step\":7}", "field 'step' is an integer"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log_batch *batch = new_batch();
        struct buf good, bad;
        struct err err = {0};
        buf_init(&good, 4096);
        buf_init(&bad, 4096);
        assert_int_equal(json_to_mp(bytes_of(cases[i].good), &good, NULL), 0);
        assert_int_equal(json_to_mp(bytes_of(cases[i].bad), &bad, NULL), 0);
        struct log_draft draft = draft_of(cases[i].kind, bytes_of_buf(&good));
        for (unsigned k = 0; k < 10; k++) {
            assert_int_equal(batch_add_control(batch, &draft, &err), 0);
        }
        draft.body = bytes_of_buf(&bad);
        assert_int_equal(batch_add_control(batch, &draft, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, cases[i].message));
        assert_int_equal(log_batch_count(batch), 10);
        buf_done(&good);
        buf_done(&bad);
        log_batch_free(batch);
    }
}

/* The same text as a subject, which may be longer than the other strings, and as one of those. */
static void a_string_that_was_good_in_one_place_of_a_header_is_judged_in_another(void **state) {
    (void)state;
    struct log_batch *batch = new_batch();
    struct log_draft draft = draft_of("run.step", (struct bytes){NULL, 0});
    struct bytes *const others[] = {&draft.actor, &draft.source, &draft.run, &draft.key};
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\0';
    for (unsigned k = 0; k < 10; k++) {
        draft.subject = bytes_of(text + 10 * k);
        assert_int_equal(batch_add_control(batch, &draft, NULL), 0);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct bytes kept = *others[i];
        struct err err = {0};
        for (unsigned k = 0; k < 10; k++) {
            *others[i] = draft.subject = bytes_of(text + 10 * k);
            assert_int_equal(batch_add_control(batch, &draft, &err), 300 - 10 * k > EVENT_STRING_MAX ? ERR_LIMIT : 0);
        }
        *others[i] = kept;
    }
    log_batch_free(batch);
}

/* Fields whose numbers are 256 apart share a slot. */
static void texts_of_many_kinds_do_not_take_each_others_place(void **state) {
    (void)state;
    struct log_batch *batch = new_batch();
    struct buf body;
    buf_init(&body, 4096);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < kind_count(); i++) {
            const struct kind *kind = kind_at(i);
            for (size_t f = 0; f < kind->n_fields; f++) {
                static const char *const texts[] = {"one text", "two text"};
                struct log_batch *alone = new_batch();
                struct err a = {0}, b = {0};
                buf_clear(&body);
                mp_put_map(&body, 1);
                mp_put_str(&body, bytes_of(kind->fields[f].name));
                mp_put_str(&body, bytes_of(texts[(i + f + round) % 2]));
                struct log_draft draft = draft_of(kind->name, bytes_of_buf(&body));
                int rc = batch_add_control(batch, &draft, &a);
                assert_int_equal(rc, batch_add_control(alone, &draft, &b));
                assert_string_equal(a.msg, b.msg);
                if (rc == 0) {
                    assert_same_entry(batch, &batch->entry[batch->n - 1], alone, &alone->entry[0]);
                }
                log_batch_free(alone);
            }
        }
    }
    assert_true(log_batch_count(batch) > 500);
    buf_done(&body);
    log_batch_free(batch);
}

static void no_two_events_have_the_same_salt(void **state) {
    (void)state;
    struct log_batch *batch = new_batch();
    static const uint8_t body[] = {0x81, 0xa1, 'n', 0x01};
    struct log_draft draft = draft_of("x.acme.thing", (struct bytes){body, sizeof(body)});
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(log_batch_add(batch, &draft, NULL), 0);
        assert_true(batch->entry[i].has_private);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(batch->entry[i].event_salt, batch->entry[k].event_salt, EVENT_HASH);
        }
    }
    log_batch_free(batch);
}

/* ---- limits ------------------------------------------------------------------------------------------------------- */

/* {name: {"n": [{"n": ... }]}}, maps and arrays alternating, `levels` deep including the outer map. */
static struct buf nested(const char *name, const char *text, unsigned levels) {
    struct buf out;
    buf_init(&out, 4096);
    mp_put_map(&out, 1);
    mp_put_str(&out, bytes_of(name));
    for (unsigned i = 1; i < levels; i++) {
        if (i % 2 != 0) {
            mp_put_map(&out, 1);
            mp_put_str(&out, bytes_of("n"));
        } else {
            mp_put_array(&out, 1);
        }
    }
    mp_put_str(&out, bytes_of(text));
    assert_int_equal(out.fail, 0);
    return out;
}

/* What was stored must be readable at its depth: the payload is an array around the body, and so is a private field. */
static void assert_readable(const struct log_batch *batch) {
    const struct batch_entry *e = &batch->entry[batch->n - 1];
    struct bytes body;
    struct event_author author;
    uint8_t commit[EVENT_HASH];
    struct err err = {0};
    if (event_payload_decode(batch_bytes(batch, e->payload.at, e->payload.n), &body, &author, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    if (e->has_private) {
        assert_int_equal(
            event_private_commit(commit, e->event_salt, batch_bytes(batch, e->private_.at, e->private_.n), &err), 0);
        assert_memory_equal(commit, e->private_commit, EVENT_HASH);
    }
}

/* Open, private by the catalog, private by the caller, moved because of a path, masked; with and without a text for a time.
 */
static void thirty_one_levels_are_accepted_wherever_they_stand_and_32_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool open, in_private, at;
    } cases[] = {{"x", true, false, false},         {"x", false, false, false},        {"x", false, true, false},
                 {"/home/a/b", true, false, false}, {TOKEN, true, false, false},       {TOKEN, false, true, false},
                 {"x", true, false, true},          {"/home/a/b", false, false, true}, {TOKEN, false, true, true}};
    static const uint8_t at[] = {0x81, 0xa2, 'a', 't', 0xa4, 's', 'o', 'o', 'n'};
    static const uint8_t open[] = {0x91, 0xa4, 'd', 'e', 'e', 'p'};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned levels = 29; levels <= 33; levels++) {
            struct log_batch *batch = new_batch();
            struct buf map = nested("deep", cases[i].text, levels), both;
            struct err err = {0};
            struct bytes deep = bytes_of_buf(&map), none = {NULL, 0};
            struct log_draft draft = draft_of("x.acme.thing", cases[i].in_private ? none : deep);
            buf_init(&both, 4096);
            draft.private_ = cases[i].in_private ? deep : none;
            draft.open = cases[i].open ? (struct bytes){open, sizeof(open)} : none;
            if (cases[i].at && cases[i].in_private) {
                draft.body = (struct bytes){at, sizeof(at)};
            } else if (cases[i].at) { /* both in one map */
                buf_put_u8(&both, 0x82);
                buf_put(&both, at + 1, sizeof(at) - 1);
                buf_put(&both, deep.p + 1, deep.n - 1);
                draft.body = bytes_of_buf(&both);
            }
            int rc = log_batch_add(batch, &draft, &err);
            if (levels <= 31) {
                assert_int_equal(rc, 0);
                assert_readable(batch);
            } else {
                assert_int_equal(rc, ERR_INVALID);
                assert_string_equal(err.msg, "field 'deep': nested deeper than 31 levels");
            }
            buf_done(&map);
            buf_done(&both);
            log_batch_free(batch);
        }
    }
}

/* A kind that is in the catalog is not checked against the rules for header kinds again. */
static void every_kind_of_the_catalog_keeps_the_rules_of_a_header(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        struct event_header h = {.kind = bytes_of(kind_at(i)->name),
                                 .subject = bytes_of("s"),
                                 .actor = bytes_of("a"),
                                 .source = bytes_of("s"),
                                 .grade = bytes_of("measured")};
        assert_int_equal(event_header_check(&h, NULL), 0);
    }
}

/* Removal leaves a batch of the remaining drafts, in which a removed cause is absent. */
static void compare_removal(unsigned n) {
    enum { DRAFTS_MAX = 40 };
    static const uint8_t body[] = {0x81, 0xa1, 'n', 0x01};
    struct log_batch *batch = new_batch(), *rest = new_batch();
    size_t gone[DRAFTS_MAX], n_gone = 0;
    uint64_t becomes[DRAFTS_MAX];
    for (unsigned i = 0; i < n; i++) {
        char subject[16];
        struct log_draft draft = draft_of("x.acme.thing", (struct bytes){body, sizeof(body)});
        snprintf(subject, sizeof(subject), "run/%u", i);
        draft.subject = bytes_of(subject);
        draft.cause_type = i > 0 && draw(2) == 0 ? LOG_CAUSE_BATCH : draw(2) == 0 ? LOG_CAUSE_SEQ : LOG_CAUSE_NONE;
        draft.cause = draft.cause_type == LOG_CAUSE_BATCH ? draw(i) : draw(5);
        assert_int_equal(log_batch_add(batch, &draft, NULL), 0);
        becomes[i] = UINT64_MAX;
        if (draw(3) == 0) {
            gone[n_gone++] = i;
            continue;
        }
        if (draft.cause_type == LOG_CAUSE_BATCH && becomes[draft.cause] == UINT64_MAX) {
            draft.cause_type = LOG_CAUSE_NONE;
        } else if (draft.cause_type == LOG_CAUSE_BATCH) {
            draft.cause = becomes[draft.cause];
        }
        becomes[i] = log_batch_count(rest);
        assert_int_equal(log_batch_add(rest, &draft, NULL), 0);
    }
    log_batch_remove(batch, gone, n_gone);
    assert_int_equal(log_batch_count(batch), log_batch_count(rest));
    for (size_t i = 0; i < log_batch_count(rest); i++) {
        const struct batch_entry *a = &batch->entry[i], *b = &rest->entry[i];
        assert_same_entry(batch, a, rest, b);
        assert_int_equal(a->cause_type, b->cause_type);
        assert_true(a->cause_type == LOG_CAUSE_NONE || a->cause == b->cause);
    }
    log_batch_free(batch);
    log_batch_free(rest);
}

static void what_is_left_of_a_batch_is_what_was_added_alone(void **state) {
    (void)state;
    const uint64_t seeds[] = {1, 88172645463325252u, (uint64_t)time(NULL)};
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        print_message("seed %llu\n", (unsigned long long)seeds[i]);
        seed = seeds[i];
        for (unsigned round = 0; round < 200; round++) {
            compare_removal(draw(40));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_becomes_the_same_event_whatever_came_before_it),
        cmocka_unit_test(a_text_that_was_good_in_one_field_is_judged_in_another),
        cmocka_unit_test(a_string_that_was_good_in_one_place_of_a_header_is_judged_in_another),
        cmocka_unit_test(texts_of_many_kinds_do_not_take_each_others_place),
        cmocka_unit_test(what_is_left_of_a_batch_is_what_was_added_alone),
        cmocka_unit_test(no_two_events_have_the_same_salt),
        cmocka_unit_test(thirty_one_levels_are_accepted_wherever_they_stand_and_32_refused),
        cmocka_unit_test(every_kind_of_the_catalog_keeps_the_rules_of_a_header),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
