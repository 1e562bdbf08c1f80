/* The two clocks. An answer by one of them is compared with the other's by counts, which cost little where there is an
 * index and are not made where there is none. */
#include "cli/answer.h"

#define UNINDEXED_MAX 65536 /* events that are read for a remark */

struct counted {
    uint64_t n;
};

static int take_count(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    (void)values;
    (void)err;
    ((struct counted *)ctx)->n += count;
    return 0;
}

/* How many events fulfil the conditions, with those on time by the clocks that are named. False: nobody knows. */
static bool count_by(struct answer *a, bool happened, bool sealed, uint64_t *ret) {
    struct query_term terms[ASK_TERMS_MAX + 6];
    struct query_value from = {.type = QUERY_INT, .int_ = (int64_t)a->ask.time_from};
    struct query_value to = {.type = QUERY_INT, .int_ = (int64_t)a->ask.time_to};
    struct query q = a->ask.query;
    struct counted counted = {0};
    struct err ignored = {0};
    uint64_t lost = 0;
    size_t n = 0;
    for (size_t i = 0; i < q.n_terms; i++) {
        if (q.terms[i].field != QUERY_TIME && q.terms[i].field != QUERY_HAPPENED) {
            terms[n++] = q.terms[i];
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (i == 0 ? happened : sealed) {
            size_t field = i == 0 ? QUERY_HAPPENED : QUERY_TIME;
            terms[n++] = (struct query_term){.field = field, .op = QUERY_GE, .values = &from, .n_values = 1};
            terms[n++] = (struct query_term){.field = field, .op = QUERY_LE, .values = &to, .n_values = 1};
        }
    }
    q.terms = terms;
    q.n_terms = n;
    q.to = q.to < a->size ? q.to : a->size;
    q.stop = a->stop;
    int rc = query_count(a->ledger, &q, NULL, 0, take_count, &counted, NULL, &lost, &ignored);
    *ret = counted.n;
    return rc == 0 && lost == 0;
}

static const char *are(uint64_t n) {
    return n == 1 ? " was" : "s were";
}

static void say_times(struct answer *a) {
    bool by_seal = a->ask.clock == QUERY_TIME;
    uint64_t happened = 0, sealed = 0, both = 0, covered = 0;
    query_index_covered(a->ledger, &covered, &(struct err){0});
    if (a->no_index || covered + UNINDEXED_MAX < a->size || a->where || a->ask.has_rest) {
        cli_note(a->cli, "ledger: %s: conditions on time go by the %s's clock; '--clock %s' goes by when %s",
                 a->cli->command, by_seal ? "ledger" : "source", by_seal ? "source" : "ledger",
                 by_seal ? "things happened" : "they were recorded");
        return;
    }
    if (!count_by(a, true, true, &both) || !count_by(a, true, false, &happened) || !count_by(a, false, true, &sealed)) {
        return;
    }
    if (!by_seal && sealed > both) {
        cli_note(
            a->cli,
            "ledger: %s: these are the events that happened in that time; %llu more event%s recorded in it and happened "
            "at another: '--clock ledger' shows them",
            a->cli->command, (unsigned long long)(sealed - both), are(sealed - both));
    } else if (!by_seal && happened > both) {
        cli_note(
            a->cli,
            "ledger: %s: these are the events that happened in that time; %llu of them%s recorded at another ('--clock "
            "ledger' goes by that)",
            a->cli->command, (unsigned long long)(happened - both), happened - both == 1 ? " was" : " were");
    } else if (by_seal && (sealed > both || happened > both)) {
        cli_note(a->cli,
                 "ledger: %s: these are the events that were recorded in that time; %llu of them happened at another, and "
                 "%llu more happened in it: '--clock source' goes by that",
                 a->cli->command, (unsigned long long)(sealed - both), (unsigned long long)(happened - both));
    }
}

void answer_say_clock(struct answer *a) {
    if (a->format != ROWS_TABLE || a->cli->json || a->cli->quiet || a->statement || answer_over(a) || a->follow) {
        return;
    }
    if (a->ask.has_times) {
        say_times(a);
    } else if (a->by.clocks_differ || a->fields.clocks_differ) {
        bool by_seal = a->ask.clock == QUERY_TIME;
        cli_note(a->cli, "ledger: %s: times are those when events %s; '--clock %s' goes by when they %s", a->cli->command,
                 by_seal ? "were recorded" : "happened", by_seal ? "source" : "ledger",
                 by_seal ? "happened" : "were recorded");
    }
}
