/* --list: every clause with its state, those that are left out with why; every probe with its last look. */
#include "cli/doctor/doctor.h"
#include "cli/doctor/said.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/print/words.h"
#include "doctor/round/news.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

struct looked {
    uint64_t at; /* 0: never */
    char end[16];
    bool due;
};

static int find_look(struct asof *view, const struct probe *probe, struct looked *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("probe"), bytes_of(probe->name)};
    struct row row;
    bool there = false;
    int rc = look_stored(view->state, "checks", key, 2, &row, &there, err);
    *ret = (struct looked){.at = rc == 0 && there ? (uint64_t)named_int(&row, "at") : 0};
    struct bytes status = rc == 0 ? named_text(&row, "status") : (struct bytes){0};
    bytes_copy(ret->end, (struct bytes){status.p, status.n < sizeof(ret->end) ? status.n : 0});
    ret->due =
        probe->every_ns == 0 || (probe->every_ns != PROBE_ASKED && ret->at + probe->every_ns <= state_now(view->state));
    row_done(&row);
    return rc;
}

static int print_clauses(struct asof *view, const struct answer *answer) {
    const struct table_column columns[] = {{words("CLAUSE"), TABLE_KEEP, 0},
                                           {words("STATE"), TABLE_WHOLE, 0},
                                           {words("WHAT IT ASKS"), TABLE_WRAP, 0},
                                           {"", TABLE_WRAP, 0}};
    struct table *table = table_new(view->cli, columns, 4);
    struct buf text = {.max = (size_t)64 << 10};
    for (size_t i = 0; i < answer->n; i++) {
        const struct clause *c = &answer->clauses[i];
        table_cell(table, c->id);
        table_color(table, out_state(bytes_of(clause_words[c->state])));
        table_text(table, words(clause_words[c->state]));
        buf_clear(&text);
        said_text(c->question, &text);
        table_cell(table, bytes_of_buf(&text));
        buf_clear(&text);
        if (c->state == CLAUSE_LEFT_OUT) said_reason(c, &text);
        table_cell(table, bytes_of_buf(&text));
    }
    buf_done(&text);
    return table_end(table);
}

static int print_probes(struct asof *view, struct err *err) {
    const struct table_column columns[] = {{words("PROBE"), TABLE_KEEP, 0},
                                           {words("LAST LOOK"), TABLE_KEEP, 0},
                                           {words("ENDED"), TABLE_KEEP, 0},
                                           {words("LOOKS AT"), TABLE_WRAP, 0}};
    struct table *table = table_new(view->cli, columns, 4);
    struct buf text = {.max = 4096};
    int rc = 0;
    for (size_t i = 0; i < probe_count && rc == 0; i++) {
        struct looked looked;
        rc = find_look(view, &probe_all[i], &looked, err);
        buf_clear(&text);
        if (looked.at > 0) said_time(looked.at, WHEN_RELATIVE, state_now(view->state), &text);
        table_text(table, probe_all[i].name);
        table_cell(table, looked.at > 0 ? bytes_of_buf(&text) : bytes_of(words("never")));
        buf_clear(&text);
        said_text(bytes_of(looked.end), &text);
        table_cell(table, bytes_of_buf(&text));
        buf_clear(&text);
        said_text(bytes_of(probe_all[i].help), &text);
        table_cell(table, bytes_of_buf(&text));
    }
    buf_done(&text);
    int exit_code = table_end(table);
    return rc != 0 ? doctor_fail(view->cli, err) : exit_code;
}

static int print_json(struct asof *view, const struct answer *answer) {
    struct obj obj = {0}, clauses = {0}, probes = {0};
    struct err err = {0};
    int rc = 0;
    obj_text(&obj, "schema", "ledger.doctor-list/1");
    for (size_t i = 0; i < answer->n; i++) {
        struct obj one = {0};
        forms_put_clause(&answer->clauses[i], &one);
        obj_obj(&clauses, NULL, &one);
    }
    obj_list(&obj, "clauses", &clauses);
    for (size_t i = 0; i < probe_count && rc == 0; i++) {
        struct obj one = {0};
        struct looked looked;
        rc = find_look(view, &probe_all[i], &looked, &err);
        obj_text(&one, "probe", probe_all[i].name);
        obj_text(&one, "looks_at", probe_all[i].help);
        obj_text(&one, "clauses", probe_all[i].clauses);
        if (looked.at > 0) {
            obj_time(&one, "looked_at", looked.at);
        } else {
            obj_text(&one, "looked_at", NULL);
        }
        obj_text(&one, "end", looked.end[0] != '\0' ? looked.end : NULL);
        obj_bool(&one, "due", looked.due);
        obj_uint(&one, "limit_seconds", probe_all[i].limit_ms / 1000);
        obj_obj(&probes, NULL, &one);
    }
    obj_list(&obj, "probes", &probes);
    if (rc == 0) return cli_print(view->cli, &obj, false);
    obj_done(&obj);
    return doctor_fail(view->cli, &err);
}

int list_print(struct asof *view, const struct answer *answer) {
    struct err err = {0};
    if (view->cli->json) return print_json(view, answer);
    int exit_code = print_clauses(view, answer);
    out_str(view->cli, "\n");
    return exit_code == 0 ? print_probes(view, &err) : exit_code;
}
