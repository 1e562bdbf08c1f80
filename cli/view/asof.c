/* A moment is the number of events that count. Judges use the given time, or the clock's when none was given, so that a
 * grant whose end has passed counts as expired. */
#include "cli/view/asof.h"
#include "cli/view/left.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/print/when.h"

int asof_parse(struct asof *view, const char *text, bool last, struct asof_at *ret, struct err *err) {
    const struct log_head *head = &view->head;
    struct when when;
    if (!text || strcmp(text, "now") == 0 || (last && strcmp(text, "today") == 0)) {
        uint64_t now = clock_wall_ns();
        *ret = (struct asof_at){.at = head->size, .now = now > head->time ? now : head->time};
        return 0;
    }
    int rc = when_parse(text, last, &when, err);
    if (rc == 0) rc = when_check(&when, text, head->size, err);
    if (rc != 0) return rc;
    when_note(view->cli, &when, text);
    if (when.is_seq && when.at >= head->size) {
        return err_set(err, ERR_INVALID, "there is no event %llu: the ledger has %llu, the newest is %llu",
                       (unsigned long long)when.at, (unsigned long long)head->size, (unsigned long long)head->size - 1);
    }
    if (when.is_seq) {
        *ret = (struct asof_at){.at = when.at + 1};
        return 0;
    }
    uint64_t at = 0;
    rc = state_at_time(view->ledger, when.at, &at, err);
    if (rc == 0) {
        *ret = (struct asof_at){.at = at, .now = when.at};
    }
    return rc;
}

int asof_state(struct asof *view, const struct asof_at *at, struct state_view **ret, struct err *err) {
    struct state_options options;
    struct out_progress progress;
    struct err why = {0};
    state_options_init(&options);
    out_progress_init(&progress, view->cli, "catching up");
    options.at = at->at;
    options.now = at->now;
    options.stop = view->stop;
    options.pack_files = view->recorded ? NULL : installed_files;
    options.pack_files_ctx = &view->look;
    options.progress = out_progress_draw;
    options.progress_ctx = &progress;
    options.base = view->base;
    int rc = state_open(view->ledger, &options, ret, &why);
    if (rc == ERR_CORRUPT && view->base == STATE_STORED) {
        options.base = view->base = STATE_EVENTS;
        rc = state_open(view->ledger, &options, ret, &why);
    }
    out_progress_end(&progress);
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

int asof_state_again(struct asof *view, struct state_view **state, struct err *err) {
    const struct asof_at at = {state_at(*state), state_now(*state)};
    state_close(*state);
    *state = NULL;
    view->base = STATE_EVENTS;
    return asof_state(view, &at, state, err);
}

static int open_ledger(struct asof *view, struct cli *cli, enum cli_open mode) {
    struct err err = {0};
    *view = (struct asof){.cli = cli};
    int exit_code = cli_open(cli, mode, &view->ledger);
    if (exit_code != 0) return exit_code;
    view->look = (struct installed_look){log_dir(view->ledger), COMPARE_STATUS};
    if (log_head(view->ledger, &view->head, &err) != 0) return cli_fail(cli, &err);
    view->stop = stop_catch();
    if (mode != CLI_AGAIN) left_note(cli, view->ledger, NULL);
    return 0;
}

int asof_ledger(struct asof *view, struct cli *cli) {
    return open_ledger(view, cli, CLI_READ); /* derived data is not sealed: no key is needed */
}

int asof_ledger_again(struct asof *view, struct cli *cli) {
    return open_ledger(view, cli, CLI_AGAIN);
}

int asof_again(struct asof *view, struct cli *cli) {
    int exit_code = asof_ledger_again(view, cli);
    return exit_code != 0 ? exit_code : asof_moment(view, NULL);
}

/* A state before the log's first event is not "nothing": it is unknown, but an import may cover that time. */
static void say_not_begun(struct asof *view, const char *at, uint64_t now) {
    char words[ASSERTED_WORDS];
    struct err ignored = {0};
    if (asserted_of(view->ledger, 0, now, &view->asserted, &ignored) == 0 && asserted_words(&view->asserted, now, words)) {
        struct buf hint = {.max = 2 * FILE_PATH_MAX};
        if (view->asserted.n > 0) {
            buf_put_str(&hint, "; '");
            cli_self(view->cli, &hint);
            buf_printf(&hint, " query --until %.60s' shows them", at);
        }
        cli_note(view->cli, "ledger: %s: there are no states of that time: %s%.*s", view->cli->command, words, (int)hint.n,
                 hint.n > 0 ? (const char *)hint.p : "");
        buf_done(&hint);
    }
}

int asof_open(struct asof *view, struct cli *cli, const char *at) {
    int exit_code = asof_ledger(view, cli);
    return exit_code != 0 ? exit_code : asof_moment(view, at);
}

int asof_moment(struct asof *view, const char *at) {
    struct cli *cli = view->cli;
    struct asof_at moment;
    struct err err = {0};
    int rc = asof_parse(view, at, true, &moment, &err);
    if (rc != 0) {
        if (at) {
            err_prefix(&err, "--at");
        }
        return cli_fail(cli, &err);
    }
    rc = asof_state(view, &moment, &view->state, &err);
    if (rc == 0 && at && moment.at == 0) {
        say_not_begun(view, at, moment.now);
    }
    return rc == 0 ? 0 : cli_fail(cli, &err);
}

/* Damage is reported in one line for all projections that it stops. */
static bool say_damage(struct asof *view) {
    struct err err = {0};
    bool damaged = view->state != NULL && state_whole(view->state, &err) != 0;
    if (damaged && !view->said) {
        view->said = true;
        out_error("ledger: %s: %s; what is shown is incomplete", view->cli->command, err.msg);
    }
    return damaged;
}

int asof_exit(struct asof *view, int exit_code) {
    return say_damage(view) && (exit_code == EXIT_GOOD || exit_code == EXIT_NO) ? EXIT_INVALID : exit_code;
}

int asof_fail_lookup(const struct asof *view, const struct err *err) {
    struct err damage = {0}, doubt;
    if (err->code != ERR_NOTFOUND || view->state == NULL || state_whole(view->state, &damage) == 0) {
        return cli_fail_lookup(view->cli, err);
    }
    err_set(&doubt, ERR_TAMPERED, "it cannot be told: among the events that can be read %s", err->msg);
    return cli_fail_lookup(view->cli, &doubt);
}

void asof_close(struct asof *view) {
    state_close(view->state);
    log_close(view->ledger);
    *view = (struct asof){.cli = view->cli};
}

/* ---- what is stale or stopped ---- */

const char *asof_condition(const struct state_status *status) {
    return status->failed_seq != LOG_NO_SEQ ? "stopped" : status->stale ? "stale" : "current";
}

bool asof_describe(const struct state_status *status, char ret[ASOF_WORDS]) {
    const char *name = status->projection->name;
    if (status->failed_seq != LOG_NO_SEQ && status->damaged) {
        snprintf(ret, ASOF_WORDS, "the states of '%s' end before event %llu, because the evidence cannot be read: %s", name,
                 (unsigned long long)status->failed_seq, status->failed);
        return true;
    }
    if (status->failed_seq != LOG_NO_SEQ) {
        snprintf(
            ret, ASOF_WORDS,
            "the projection '%s' stopped at event %llu: %s; its states are those before it ('ledger show %llu' shows the "
            "event, and with a program that can take it 'ledger rebuild %s' goes on)",
            name, (unsigned long long)status->failed_seq, status->failed, (unsigned long long)status->failed_seq, name);
        return true;
    }
    if (status->stale && status->version == status->projection->version) {
        snprintf(ret, ASOF_WORDS,
                 "the projection '%s' is stale: it was made with other columns than this program has; 'ledger rebuild %s' "
                 "makes it anew",
                 name, name);
        return true;
    }
    if (status->stale) {
        snprintf(
            ret, ASOF_WORDS,
            "the projection '%s' is stale: version %lu made it, this program has %lu; 'ledger rebuild %s' makes it anew",
            name, (unsigned long)status->version, (unsigned long)status->projection->version, name);
        return true;
    }
    return false;
}

static bool rests_on(struct asof *view, size_t table, size_t projection) {
    return table == SIZE_MAX || state_table(view->state, table)->judge != NULL ||
           state_table_projection(view->state, table) == projection;
}

void asof_warn(struct asof *view, size_t table) {
    struct state_status status;
    char words[ASOF_WORDS];
    if (say_damage(view)) return;
    for (size_t i = 0; !view->cli->json && i < state_projections(view->state); i++) {
        state_status(view->state, i, &status);
        if (rests_on(view, table, i) && asof_describe(&status, words)) {
            out_error("ledger: %s: %s", view->cli->command, words);
        }
    }
}

/* A view as of the position where something is stored folds nothing, so it reports the condition of what is stored. */
int asof_stored(struct ledger *ledger, struct state_status ret[PROJECTIONS_MAX], size_t *ret_n, struct err *err) {
    struct state_options options;
    size_t n = 0;
    int rc = 0;
    state_options_init(&options);
    options.no_write = true;
    for (; rc == 0 && projection_all[n]; n++) {
        const struct projection *const one[] = {projection_all[n], NULL};
        options.projections = one;
        options.at = 0;
        for (int times = 0; rc == 0 && times < 2; times++) {
            struct state_view *view = NULL;
            rc = state_open(ledger, &options, &view, err);
            if (rc == 0) {
                state_status(view, 0, &ret[n]);
                options.at = ret[n].stored ? ret[n].stored_position : 0;
            }
            state_close(view);
        }
    }
    *ret_n = n;
    return rc;
}

void asof_put(struct asof *view, size_t table, struct obj *obj) {
    struct state_status status;
    struct obj list = {0}, one = {0};
    char words[ASOF_WORDS];
    for (size_t i = 0; i < state_projections(view->state); i++) {
        state_status(view->state, i, &status);
        if (rests_on(view, table, i) && asof_describe(&status, words)) {
            obj_text(&one, "projection", status.projection->name);
            obj_text(&one, "condition", asof_condition(&status));
            obj_uint(&one, "seq", status.failed_seq);
            obj_text(&one, "message", words);
            obj_obj(&list, NULL, &one);
        }
    }
    obj_uint(obj, "size", view->head.size);
    obj_uint(obj, "at", state_at(view->state));
    obj_time(obj, "now", state_now(view->state));
    obj_list(obj, "incomplete", &list);
    if (view->asserted.begun > 0) {
        asserted_put(&view->asserted, obj);
    }
}
