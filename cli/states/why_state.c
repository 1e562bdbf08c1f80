/* The part before the first '/' is a noun; without one, why_name finds what is meant. When no such noun exists, the whole
 * text may be the subject of events that some table has as its first key, "tool/bash" of permissions; otherwise the noun
 * is a typo. */
#include "cli/states/why_state.h"

#include <stdio.h>

#include <string.h>

#include "cli/print/say.h"
#include "cli/states/why_name.h"
#include "cli/view/entity.h"
#include "cli/view/explain.h"
#include "projections/walk/since.h"

bool why_state_is(const char *text) {
    return strchr(text, '/') != NULL || (text[0] >= 'a' && text[0] <= 'z');
}

/* Nouns of subjects that differ from the nouns of tables. */
static size_t table_of(struct asof *view, struct bytes noun) {
    return entity_table(view, bytes_is(noun, "alias") ? bytes_of("model-name") : noun);
}

/* Rows of any table whose first key is the whole subject. */
static int by_subject(struct explanation *explanation, struct bytes subject, struct err *err) {
    struct asof *view = explanation->view;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < state_tables(view->state); i++) {
        struct state_rows *rows = NULL;
        const struct row *row = NULL;
        if (entity_accumulates(state_table(view->state, i))) continue;
        rc = state_rows_open(view->state, i, &subject, 1, &rows, err);
        while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
            rc = since_find_next(rows, err);
            if (rc == 0) rc = explain_row(explanation, row, err);
        }
        state_rows_close(rows);
        rc = rc == 1 ? 0 : rc;
    }
    return rc;
}

/* Rows that lack it: a pack whose route was never declared. */
static int by_missing(struct explanation *explanation, struct bytes about, struct err *err) {
    struct asof *view = explanation->view;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < state_tables(view->state); i++) {
        size_t column = projection_column(state_table(view->state, i), "missing");
        struct state_rows *rows = NULL;
        const struct row *row = NULL;
        rc = column == SIZE_MAX ? 0 : state_rows_open(view->state, i, NULL, 0, &rows, err);
        while (rc == 0 && column != SIZE_MAX && (rc = state_rows_next(rows, &row, err)) == 0) {
            if (*view->stop != 0) {
                rc = err_set(err, ERR_BUSY, "interrupted");
            } else if (explanation_lacks(row, about)) {
                rc = since_find_next(rows, err);
                if (rc == 0) rc = explain_row(explanation, row, err);
            }
        }
        state_rows_close(rows);
        rc = rc == 1 ? 0 : rc;
    }
    return rc;
}

/* Explains to people how the row relates to what they asked about. */
static void say_elsewhere(const struct explanation *explanation, const struct err *missing, const char *why,
                          const char *row) {
    struct err damage = {0};
    if (state_whole(explanation->view->state, &damage) == 0) {
        cli_note(explanation->view->cli, "ledger: why: %s: %s%s", missing->msg, why, row);
    } else {
        cli_note(explanation->view->cli, "ledger: why: among the events that can be read %s; %s", missing->msg, row);
    }
}

/* An entity that does not exist, as *err says, may still be named by others: a pack by its permissions, a route by the
 * pack that needs it. */
static int named_elsewhere(struct explanation *explanation, const char *text, struct err *err) {
    struct err why = {0};
    int rc = by_subject(explanation, bytes_of(text), &why);
    if (rc == 0 && explanation->shown == 0) {
        rc = by_missing(explanation, bytes_of(text), &why);
        if (rc == 0 && explanation->shown > 0) {
            say_elsewhere(explanation, err, "it was never declared, and ", "this needs it");
            return 0;
        }
    }
    if (rc != 0) {
        *err = why;
    } else if (explanation->shown > 0) {
        say_elsewhere(explanation, err, "nothing declared it; ", "this names it");
    }
    if (rc == 0) rc = explanation->shown > 0 ? 0 : err->code;
    return rc;
}

struct asked {
    struct explanation *explanation;
    struct bytes text;
    bool itself; /* one has exactly this name: its explanation includes what is about it */
};

static int explain_match(void *ctx, const struct row *row, struct err *err) {
    struct asked *asked = ctx;
    struct buf name = {.max = 4 * ROW_BYTES_MAX};
    entity_name(row, &name);
    asked->itself = asked->itself || bytes_eq(bytes_of_buf(&name), asked->text);
    buf_done(&name);
    return explain_row(asked->explanation, row, err);
}

static int unknown(struct asof *view, const char *text, struct bytes noun) {
    char word[64];
    struct text_near nearest = {.text = word};
    snprintf(word, sizeof(word), "%.*s", (int)(noun.n < 60 ? noun.n : 60), noun.n > 0 ? (const char *)noun.p : "");
    entity_suggest(view, false, &nearest);
    const char *near = nearest.name;
    struct err err = {0};
    if (state_whole(view->state, &err) != 0) {
        err_set(&err, ERR_NOTFOUND, "there is nothing called '%.200s'", text);
        return asof_fail_lookup(view, &err);
    }
    if (!strchr(text, '/')) {
        return cli_usage(
            view->cli,
            "'%.200s' is neither a sequence number nor the name of anything known (expected for example 118 or "
            "pack/pdf-ops-pack)%s%s%s",
            text, near ? "; did you mean '" : "", near ? near : "", near ? "/...'?" : "");
    }
    return cli_usage(view->cli, "there is nothing called '%s' that has a state, and no state of '%.200s'%s%s%s", word, text,
                     near ? "; did you mean '" : "; 'ledger log -s SUBJECT' lists the events about it", near ? near : "",
                     near ? "/...'?" : "");
}

static int explain_named(struct asof *view, const char *text, enum when_style style) {
    const char *slash = strchr(text, '/');
    struct bytes noun = {(const uint8_t *)text, slash ? (size_t)(slash - text) : strlen(text)};
    size_t table = table_of(view, noun);
    struct explanation explanation;
    struct err err = {0};
    int rc;
    if (!slash && table != SIZE_MAX && !bytes_is(bytes_of(state_table(view->state, table)->noun), "verdict")) {
        return cli_usage(view->cli, "which %s? one is named '%s/NAME'; 'ledger state %s' lists them", text,
                         state_table(view->state, table)->noun, state_table(view->state, table)->name);
    }
    const char *name = slash ? slash + 1 : table != SIZE_MAX ? "" /* the verdict over the box has no name */ : text;
    if (!slash && table == SIZE_MAX) {
        rc = why_name(view, bytes_of(text), &table, &err);
        if (rc != 0) {
            return rc == ERR_CONFLICT ? cli_usage(view->cli, "%s", err.msg) : asof_fail_lookup(view, &err);
        }
    }
    asof_warn(view, table);
    explanation_init(&explanation, view, style, false);
    if (table != SIZE_MAX) {
        struct asked asked = {.explanation = &explanation, .text = bytes_of(text)};
        rc = entity_each(view, table, bytes_of(name), explain_match, &asked, &err);
        if (rc == ERR_NOTFOUND && slash) {
            rc = named_elsewhere(&explanation, text, &err);
        } else if (rc == 0 && slash && !asked.itself) { /* "tool/bash" is the subject of permissions, too */
            rc = by_subject(&explanation, bytes_of(text), &err);
        }
    } else {
        rc = by_subject(&explanation, bytes_of(text), &err);
    }
    uint64_t shown = explanation.shown;
    int exit_code = explain_end(&explanation, "ledger.why_state/1", table);
    if (rc != 0) return asof_fail_lookup(view, &err);
    return shown > 0 ? exit_code : unknown(view, text, noun);
}

int why_state(struct cli *cli, const char *text, const char *at, enum when_style style) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, at);
    if (exit_code == 0) exit_code = asof_exit(&view, explain_named(&view, text, style));
    asof_close(&view);
    return exit_code;
}
