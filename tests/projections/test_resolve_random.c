/* What `permit resolve` answers, against the reference of permitted_reference.h: over random histories of one pack, for lists
 * of what it may ask for. Seeds are fixed, and one is random and printed. */
#include "projections/decide/resolve.h"

#include "base/clock.h"
#include "base/mp.h"
#include "ledger/kinds/scope.h"
#include "tests/projections/permitted_history.h"

#define ASKED_MAX 4
#define FAR_NS    UINT64_C(4000000000000000000) /* when the grants of random_limits end that do */

struct asked {
    char group[24], scope[SCOPE_TEXT];
    int tier;
    bool required;
};

struct answers {
    struct history *h;
    struct asked asked[ASKED_MAX];
    size_t n, told; /* told: in the order of the list, then what is beside it */
    bool soon, no;  /* no: something required is not held */
};

static unsigned tally[RESOLVED_UNUSED + 1];

/* The newest word about it, in any session, because whoever asks names none. Of what is not held it is a refusal only if no
 * newer grant of it lacks something else. */
static enum resolved answer(const struct history *h, const struct asked *asked, const struct said **ret_by) {
    bool lacks = false;
    *ret_by = NULL;
    for (size_t i = h->n; i-- > 0;) {
        const struct said *s = &h->said[i];
        if (refuses(s, asked->group, asked->scope)) {
            *ret_by = lacks ? NULL : s;
            return lacks ? RESOLVED_MISSING : RESOLVED_DENIED;
        }
        if (!is_current(h, h->n, i) || !covers(s, asked->group, asked->scope)) continue;
        if (!s->past && !s->over && (s->tier < 0 ? 0 : s->tier) >= asked->tier) {
            *ret_by = s;
            return RESOLVED_HELD;
        }
        lacks = true;
    }
    return RESOLVED_MISSING;
}

/* A session whose run has finished: what `is_over` says besides. */
static bool has_finished(const struct history *h, const struct said *s) {
    bool finished = false;
    for (size_t i = 0; i < h->n; i++) {
        finished =
            finished || (s->session[0] != '\0' && h->said[i].what == 'f' && strcmp(h->said[i].session, s->session) == 0);
    }
    return finished;
}

static void check_asked(struct answers *a, const struct resolved_item *item, const struct asked *asked) {
    const struct said *by;
    enum resolved want = answer(a->h, asked, &by);
    want = want == RESOLVED_HELD && by->far && a->soon ? RESOLVED_EXPIRING : want;
    if (item->is != want || (by != NULL && item->seq != by->seq)) {
        fail_msg("%s '%s' T%d: %s by event %lld (%s), the reference says %s by %lld", asked->group, asked->scope,
                 asked->tier, resolved_word(item->is), (long long)item->seq, item->why, resolved_word(want),
                 by != NULL ? (long long)by->seq : -1LL);
    }
    a->no = a->no || (asked->required && (want == RESOLVED_MISSING || want == RESOLVED_DENIED));
}

/* A request beside the list: nobody has answered it. */
static void check_request(const struct answers *a, const struct resolved_item *item) {
    struct said of = {.what = 'q'};
    snprintf(of.group, sizeof(of.group), "%.*s", (int)item->group.n, (const char *)item->group.p);
    snprintf(of.scope, sizeof(of.scope), "%.*s", (int)item->scope.n, item->scope.n > 0 ? (const char *)item->scope.p : "");
    if (open_request(a->h, a->h->n, &of) == NULL) {
        fail_msg("%s '%s' is told as asked for, and nobody did", of.group, of.scope);
    }
    for (size_t i = 0; i < a->n; i++) {
        assert_false(strcmp(a->asked[i].group, of.group) == 0 && strcmp(a->asked[i].scope, of.scope) == 0);
    }
}

/* A grant that nothing on the list reaches: each names one thing, so it is the same thing up to the same tier. */
static void check_granted(const struct answers *a, const struct resolved_item *item) {
    const struct said *by = NULL;
    bool reached = false;
    for (size_t i = 0; i < a->h->n; i++) {
        by = a->h->said[i].seq == item->seq ? &a->h->said[i] : by;
    }
    for (size_t i = 0; i < a->n; i++) {
        reached = reached || (bytes_is(item->group, a->asked[i].group) && bytes_is(item->scope, a->asked[i].scope) &&
                              scope_tier(item->tier) <= a->asked[i].tier);
    }
    assert_true(by == NULL || by->what == 'g' || by->what == 'q');
    assert_false(item->is == RESOLVED_WIDER && reached);
}

static int each(void *ctx, const struct resolved_item *item, struct err *err) {
    struct answers *a = ctx;
    (void)err;
    tally[item->is]++;
    if (item->is == RESOLVED_WIDER || item->is == RESOLVED_UNUSED) {
        assert_true(a->told >= a->n);
        check_granted(a, item);
    } else if (a->told < a->n) {
        check_asked(a, item, &a->asked[a->told]);
        a->told++;
    } else {
        check_request(a, item);
    }
    return 0;
}

/* Things that a use can have, mostly those that were spoken of; each once. */
static void random_list(struct answers *a) {
    while (a->n < ASKED_MAX) {
        struct asked *asked = &a->asked[a->n];
        char written[SCOPE_TEXT];
        const struct said *s = &a->h->said[below(a->h->n)];
        bool again = false;
        snprintf(asked->group, sizeof(asked->group), "%s", groups[below(3)]);
        random_scope(written, asked->group);
        plain(asked->scope, written);
        if (below(3) != 0 && s->group[0] != '\0') {
            memcpy(asked->group, s->group, sizeof(asked->group));
            memcpy(asked->scope, s->scope, sizeof(asked->scope));
        }
        asked->tier = (int)below(4);
        asked->required = below(2) == 0;
        for (size_t i = 0; i < a->n; i++) {
            again = again || (strcmp(a->asked[i].group, asked->group) == 0 && strcmp(a->asked[i].scope, asked->scope) == 0);
        }
        a->n += !again && asked->scope[0] != '\0' && is_use(asked->group, asked->scope);
    }
}

static void put_list(const struct answers *a, struct buf *list) {
    static const char *const tiers[] = {"T0", "T1", "T2", "T3"};
    mp_put_array(list, (uint32_t)a->n);
    for (size_t i = 0; i < a->n; i++) {
        mp_put_map(list, 4);
        mp_pair_text(list, "group", a->asked[i].group);
        mp_pair_bool(list, "required", a->asked[i].required);
        mp_pair_text(list, "scope", a->asked[i].scope);
        mp_pair_text(list, "tier", tiers[a->asked[i].tier]);
    }
}

static void one_list(struct history *h) {
    struct answers a = {.h = h, .soon = below(2) == 0};
    struct buf list = {.max = 4096};
    struct decision d;
    random_list(&a);
    put_list(&a, &list);
    box_view(&b, LOG_NO_SEQ, 0);
    const struct resolve_options options = {.asked = bytes_of_buf(&list), .within_ns = a.soon ? FAR_NS : 0};
    assert_int_equal(decide_resolve(b.view, bytes_of(who), &options, each, &a, &d, &b.err), 0);
    assert_int_equal(a.told, a.n);
    if (d.yes != !a.no) {
        fail_msg("%s (%s), the reference says %s", d.yes ? "yes" : "no", d.reason, a.no ? "no" : "yes");
    }
    buf_done(&list);
}

/* Grants of sessions that have finished are over, whichever session asks. */
static void settle(struct history *h) {
    for (size_t i = 0; i < h->n; i++) {
        h->said[i].over = h->said[i].over || has_finished(h, &h->said[i]);
    }
}

static void histories(uint64_t seed) {
    x = seed;
    for (unsigned i = 0; i < 6; i++) {
        struct history h = {.n = 0};
        box_open(&b);
        for (unsigned k = 0; k < 24; k++) {
            random_decision(&h);
            if (h.n > 0) {
                settle(&h);
                one_list(&h);
                replay(&h);
            }
        }
        box_close(&b);
    }
}

static void what_a_pack_asks_for_is_answered_as_the_reference_says(void **state) {
    (void)state;
    uint64_t seed = clock_wall_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    histories(1);
    histories(2);
    for (size_t i = 0; i <= RESOLVED_UNUSED; i++) {
        print_message("%s %u\n", resolved_word((enum resolved)i), tally[i]);
        assert_true(tally[i] > 5);
    }
    histories(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_pack_asks_for_is_answered_as_the_reference_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
