/* The two clocks. Answers by one and by the other are compared by counting, which is cheap with an index and not done
 * without one. */
#include "cli/events/answer.h"

#include <stdio.h>

#include "cli/print/say.h"

#define UNINDEXED_MAX 65536 /* unindexed events that may be read for a note */

/* Counts the events that match the other conditions and are in the time range by one clock only. False: unknown. */
static bool count_clocks(struct answer *a, struct query_clocks *ret) {
    struct query_term terms[ASK_TERMS_MAX + 6];
    struct query q = a->ask.query;
    size_t n = 0;
    for (size_t i = 0; i < q.n_terms; i++) {
        if (q.terms[i].field != QUERY_TIME && q.terms[i].field != QUERY_HAPPENED) {
            terms[n++] = q.terms[i];
        }
    }
    q.terms = terms;
    q.n_terms = n;
    q.to = q.to < a->size ? q.to : a->size;
    q.stop = a->stop;
    return query_count_clocks(a->ledger, &q, a->ask.time_from, a->ask.time_to, ret, &(struct err){0}) == 0;
}

static const char *was_or_were(uint64_t n) {
    return n == 1 ? " was" : "s were";
}

static void say_times(struct answer *a) {
    bool by_seal = a->ask.clock == QUERY_TIME;
    struct query_clocks n;
    uint64_t covered = 0;
    query_index_covered(a->ledger, &covered, &(struct err){0});
    if (a->no_index || covered + UNINDEXED_MAX < a->size || a->where || a->ask.has_rest) {
        cli_note(a->cli, "ledger: %s: conditions on time go by the %s's clock; '--clock %s' goes by when %s",
                 a->cli->command, by_seal ? "ledger" : "source", by_seal ? "source" : "ledger",
                 by_seal ? "things happened" : "they were recorded");
        return;
    }
    if (!count_clocks(a, &n)) return;
    if (!by_seal && n.sealed > 0) {
        cli_note(
            a->cli,
            "ledger: %s: these are the events that happened in that time; %llu more event%s recorded in it and happened "
            "at another: '--clock ledger' shows them",
            a->cli->command, (unsigned long long)n.sealed, was_or_were(n.sealed));
    } else if (!by_seal && n.happened > 0) {
        cli_note(
            a->cli,
            "ledger: %s: these are the events that happened in that time; %llu of them%s recorded at another ('--clock "
            "ledger' goes by that)",
            a->cli->command, (unsigned long long)n.happened, n.happened == 1 ? " was" : " were");
    } else if (by_seal && (n.sealed > 0 || n.happened > 0)) {
        char words[128];
        int at = n.sealed == 0 ? 0
                               : snprintf(words, sizeof(words), "%llu of them happened at another%s",
                                          (unsigned long long)n.sealed, n.happened > 0 ? ", and " : "");
        if (n.happened > 0) {
            snprintf(words + at, sizeof(words) - (size_t)at, "%llu more happened in it", (unsigned long long)n.happened);
        }
        cli_note(a->cli,
                 "ledger: %s: these are the events that were recorded in that time; %s: '--clock source' goes by that",
                 a->cli->command, words);
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
