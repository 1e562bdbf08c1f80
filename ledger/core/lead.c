/* Times do not decrease, so the first event that is ahead is found by halving: among groups, then within one. */
#include "ledger/core/lead.h"

#include <stdio.h>

#include "base/clock.h"

#define SLACK_NS CLOCK_NS_PER_S

/* How many events of the group have a time that the clock has reached. */
static size_t reached(const struct group *group, uint64_t now) {
    size_t n = 0;
    while (n < group->n && group->event[n].facts.time <= now) {
        n++;
    }
    return n;
}

static uint64_t first_ahead(struct core_view *view, uint64_t now) {
    struct group *group = group_new();
    uint64_t from = 0, to = (view->head.size + EVENT_GROUP - 1) / EVENT_GROUP, seq = LOG_NO_SEQ;
    bool good = group != NULL;
    while (good && from < to) { /* the group that has it is in [from, to) */
        uint64_t at = from + (to - from) / 2;
        good = core_group_load(view->txn, &view->head, at, group, NULL, NULL) == 0;
        size_t n = good ? reached(group, now) : 0;
        from = good && n == group->n ? at + 1 : from;
        to = good && n < group->n ? at : to;
        seq = good && n < group->n ? at * EVENT_GROUP + n : seq;
    }
    group_free(group);
    return good ? seq : LOG_NO_SEQ;
}

void lead_of(struct core_view *view, struct lead *ret) {
    uint64_t now = clock_wall_ns();
    *ret = (struct lead){.seq = LOG_NO_SEQ};
    if (view->head.size > 0 && view->head.time > now + SLACK_NS) {
        ret->ns = view->head.time - now;
        ret->seq = first_ahead(view, now + SLACK_NS);
    }
}

int lead_now(struct ledger *ledger, struct lead *ret, struct err *err) {
    struct core_view view;
    int rc = core_view_begin(ledger, &view, err);
    if (rc == 0) {
        lead_of(&view, ret);
        core_view_end(&view);
    }
    return rc;
}

void lead_words(const struct lead *lead, char *ret, size_t max) {
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
    uint64_t seconds = lead->ns / CLOCK_NS_PER_S;
    size_t u = 0;
    while (u < 3 && seconds < 2 * units[u].seconds) {
        u++;
    }
    int n = snprintf(ret, max, "its times run %llu %s ahead of the clock", (unsigned long long)(seconds / units[u].seconds),
                     units[u].name);
    if (lead->seq != LOG_NO_SEQ && n > 0 && (size_t)n < max) {
        snprintf(ret + n, max - (size_t)n, " since event %llu", (unsigned long long)lead->seq);
    }
}
