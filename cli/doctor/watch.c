/* --watch: on a terminal the page is drawn anew; elsewhere it is one line for each change. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/call/stop.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/said.h"
#include "cli/print/say.h"
#include "cli/print/words.h"

struct watching {
    struct cli *cli;
    const struct doctor_ask *ask;
    struct opening opening;
    enum clause_state state[ANSWER_CLAUSES_MAX]; /* of the clauses as they were last, by their ids */
    char id[ANSWER_CLAUSES_MAX][64];
    size_t n;
    bool begun;
};

/* The state that the clause had; CLAUSE_STATES: it was not there. */
static enum clause_state *before(struct watching *w, struct bytes id) {
    for (size_t i = 0; i < w->n; i++) {
        if (bytes_is(id, w->id[i])) return &w->state[i];
    }
    if (w->n == ANSWER_CLAUSES_MAX || id.n >= sizeof(w->id[0])) return NULL;
    bytes_copy(w->id[w->n], id);
    w->id[w->n][id.n] = '\0';
    w->state[w->n] = CLAUSE_STATES;
    return &w->state[w->n++];
}

static void put_change(struct watching *w, const struct clause *clause, enum clause_state was, uint64_t now) {
    struct buf line = {.max = (size_t)64 << 10};
    struct cli *cli = w->cli;
    when_text(&line, now, WHEN_UTC, now);
    buf_put_str(&line, "  ");
    if (cli->json) {
        struct obj obj = {0};
        obj_time(&obj, "at", now);
        obj_text(&obj, "before", was < CLAUSE_LEFT_OUT ? clause_words[was] : NULL);
        forms_put_clause(clause, &obj);
        cli_print(cli, &obj, true);
        buf_done(&line);
        return;
    }
    out_bytes(cli, bytes_of_buf(&line));
    enum out_color color = out_state(bytes_of(clause_words[clause->state]));
    out_printf(cli, "%s%s%s  ", out_color(cli, color), words(clause_words[clause->state]),
               color != OUT_PLAIN ? out_color(cli, OUT_PLAIN) : "");
    out_safe(cli, clause->id);
    out_str(cli, ": ");
    buf_clear(&line);
    said_reason(clause, &line);
    out_safe(cli, bytes_of_buf(&line));
    out_str(cli, "\n");
    buf_done(&line);
}

/* The first time only what does not pass. */
static void put_changes(struct watching *w, const struct answer *answer) {
    for (size_t i = 0; i < answer->n; i++) {
        const struct clause *clause = &answer->clauses[i];
        enum clause_state *was = before(w, clause->id);
        if (was == NULL || *was == clause->state) continue;
        if (w->begun || clause->state == CLAUSE_FAIL || clause->state == CLAUSE_WARN || clause->state == CLAUSE_UNKNOWN) {
            put_change(w, clause, *was, answer->now);
        }
        *was = clause->state;
    }
}

static int look(struct watching *w, struct answer *answer, struct round_result *round) {
    struct asof view;
    struct err err = {0};
    bool first = !w->begun;
    int exit_code = w->ask->probe ? opening_round(&w->opening, w->ask, round) : 0;
    if (exit_code == 0 && w->ask->probe) exit_code = opening_refused(w->cli, round, NULL);
    if (exit_code != 0 || *w->opening.stop != 0) return exit_code;
    exit_code = answer_open(&view, w->cli, NULL, w->begun);
    if (exit_code == 0) exit_code = opening_unreadable(w->cli, view.state);
    int rc = exit_code == 0 ? answer_read(&view, &view.state, w->ask->pack, w->ask->only, w->ask->n_only, answer, &err) : 0;
    if (exit_code == 0 && rc != 0) exit_code = asof_fail_lookup(&view, &err);
    if (exit_code == 0 && first) exit_code = doctor_check_only(w->cli, w->ask, answer);
    if (exit_code == 0) {
        if (w->cli->out_tty && !w->cli->json) {
            out_clear(w->cli);
            exit_code = page_print(&view, answer, w->ask->probe ? round : NULL, w->ask->style);
        } else {
            put_changes(w, answer);
        }
        w->begun = true;
        exit_code = exit_code != 0 ? exit_code : out_flush(w->cli) ? asof_exit(&view, 0) : EXIT_SYSTEM;
    }
    answer_done(answer);
    asof_close(&view);
    return exit_code;
}

int watch_run(struct cli *cli, const struct doctor_ask *ask, uint64_t every_ns) {
    struct watching *w = calloc(1, sizeof(*w));
    struct answer *answer = calloc(1, sizeof(*answer));
    struct round_result *round = calloc(1, sizeof(*round));
    int exit_code = 0;
    if (w == NULL || answer == NULL || round == NULL) {
        exit_code = cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory to watch");
    } else {
        *w = (struct watching){.cli = cli, .ask = ask, .opening = {.cli = cli, .stop = stop_catch()}};
        while (exit_code == 0 && *w->opening.stop == 0) {
            exit_code = look(w, answer, round);
            struct pollfd stopped = {.fd = stop_descriptor(), .events = POLLIN};
            if (exit_code == 0 && *w->opening.stop == 0) {
                poll(&stopped, stopped.fd >= 0, (int)(every_ns / 1000000));
            }
        }
        exit_code = *w->opening.stop != 0 && exit_code == EXIT_SYSTEM ? 0 : exit_code; /* it was to end while it looked */
    }
    free(round);
    free(answer);
    free(w);
    return exit_code;
}
