/* The answer for programs: JSON (share/schemas/ledger-doctor-1.json), JUnit, Prometheus' text format. Always English. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor/doctor.h"
#include "cli/print/junit.h"
#include "cli/print/say.h"
#include "cli/view/explain_before.h"

#define FORM_MAX ((size_t)8 << 20)

/* ---- JSON ---- */

static void put_optional(struct obj *obj, const char *name, struct bytes text) {
    if (text.n > 0) {
        obj_str(obj, name, text);
    } else {
        obj_text(obj, name, NULL);
    }
}

void forms_put_clause(const struct clause *clause, struct obj *obj) {
    struct obj evidence = {0};
    obj_str(obj, "clause", clause->id);
    obj_text(obj, "state", clause->state == CLAUSE_LEFT_OUT ? NULL : clause_words[clause->state]);
    obj_str(obj, "question", clause->question);
    obj_str(obj, "reason", clause->reason);
    if (clause->messages.n > 0) {
        obj_raw(obj, "messages", clause->messages);
    }
    if (clause->since == UINT64_MAX) {
        obj_text(obj, "since", NULL);
    } else {
        obj_time(obj, "since", clause->since);
    }
    obj_uint(obj, "since_seq", clause->since_seq);
    for (size_t i = 0; i < clause->n_evidence; i++) {
        obj_uint(&evidence, NULL, clause->evidence[i]);
    }
    obj_list(obj, "evidence", &evidence);
    obj_text(obj, "grade", clause->grade);
    put_optional(obj, "first", clause->first);
    put_optional(obj, "remedy", clause->remedy);
}

static void put_probes(const struct round_result *round, struct obj *obj) {
    struct obj list = {0};
    for (size_t i = 0; round != NULL && i < round->n; i++) {
        const struct round_look *look = &round->looks[i];
        struct obj one = {0};
        obj_text(&one, "probe", look->probe->name);
        obj_text(&one, "end", child_words[look->end]);
        obj_text(&one, "why", look->why[0] != '\0' ? look->why : NULL);
        obj_uint(&one, "took_ms", look->took / 1000000);
        obj_uint(&one, "observed", look->said);
        obj_uint(&one, "recorded", look->news);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "probes", &list);
}

static int print_json(struct asof *view, const struct answer *answer, const struct round_result *round,
                      const struct fix *fix) {
    struct obj obj = {0}, counts = {0}, clauses = {0};
    struct explanation before;
    struct err err = {0};
    int rc = 0;
    obj_text(&obj, "schema", DOCTOR_SCHEMA);
    put_optional(&obj, "pack", answer->pack);
    obj_text(&obj, "verdict", clause_words[answer->verdict]);
    obj_bool(&obj, "good", answer_is_good(answer));
    asof_put(view, SIZE_MAX, &obj);
    for (int i = 0; i < CLAUSE_LEFT_OUT; i++) {
        obj_uint(&counts, clause_words[i], answer->count[i]);
    }
    obj_obj(&obj, "counts", &counts);
    explanation_init(&before, view, WHEN_UTC, false);
    for (size_t i = 0; i < answer->n && rc == 0; i++) {
        const struct clause *clause = &answer->clauses[i];
        struct obj one = {0};
        forms_put_clause(clause, &one);
        rc = explain_before_put(&before, &clause->row, &one, &err);
        obj_obj(&clauses, NULL, &one);
    }
    obj_list(&obj, "clauses", &clauses);
    if (rc != 0) {
        obj_done(&obj);
        return doctor_fail(view->cli, &err);
    }
    put_probes(round, &obj);
    obj_uint(&obj, "recorded", round != NULL ? round->appended : 0);
    if (fix != NULL) mend_put(fix, &obj);
    return cli_print(view->cli, &obj, false);
}

/* ---- JUnit: a case for each clause; what is unknown is an error, a warning passes ---- */

static int print_junit(struct cli *cli, const struct answer *answer) {
    static const enum junit_end ends[] = {[CLAUSE_PASS] = JUNIT_PASSED,
                                          [CLAUSE_UNKNOWN] = JUNIT_ERROR,
                                          [CLAUSE_WARN] = JUNIT_PASSED,
                                          [CLAUSE_FAIL] = JUNIT_FAILURE,
                                          [CLAUSE_LEFT_OUT] = JUNIT_SKIPPED};
    struct buf out = {.max = FORM_MAX}, name = {.max = 1024};
    struct junit junit;
    struct err err = {0};
    buf_put_str(&name, answer->pack.n > 0 ? "pack/" : "box");
    buf_put_bytes(&name, answer->pack);
    junit_init(&junit);
    for (size_t i = 0; i < answer->n; i++) {
        const struct clause *c = &answer->clauses[i];
        junit_case(&junit, bytes_of_buf(&name), c->id, NAN, ends[c->state], c->reason);
    }
    int rc = junit_write(&junit, bytes_of("ledger doctor"), &out, &err);
    if (rc == 0) {
        out_bytes(cli, bytes_of_buf(&out));
    }
    junit_done(&junit);
    buf_done(&name);
    buf_done(&out);
    return rc == 0 ? 0 : cli_fail(cli, &err);
}

/* ---- Prometheus ---- */

/* A label's value: backslash, quote and line end are escaped. */
static void put_label(struct buf *out, struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\' || text.p[i] == '"') {
            buf_put_u8(out, '\\');
        }
        if (text.p[i] == '\n') {
            buf_put_str(out, "\\n");
        } else {
            buf_put_u8(out, text.p[i]);
        }
    }
}

static void put_sample(struct buf *out, const char *metric, const struct answer *answer, struct bytes clause,
                       const char *state) {
    buf_printf(out, "%s{pack=\"", metric);
    put_label(out, answer->pack);
    buf_put_str(out, "\"");
    if (clause.n > 0) {
        buf_put_str(out, ",clause=\"");
        put_label(out, clause);
        buf_put_str(out, "\"");
    }
    if (state != NULL) buf_printf(out, ",state=\"%s\"", state);
    buf_put_str(out, "} ");
}

static int print_prometheus(struct cli *cli, const struct answer *answer) {
    struct buf out = {.max = FORM_MAX};
    struct err err = {0};
    buf_put_str(&out, "# HELP ledger_doctor_clause 1 for the state that a clause of the verdict has.\n"
                      "# TYPE ledger_doctor_clause gauge\n");
    for (size_t i = 0; i < answer->n; i++) {
        const struct clause *c = &answer->clauses[i];
        for (int s = 0; s < CLAUSE_LEFT_OUT && c->state != CLAUSE_LEFT_OUT; s++) {
            put_sample(&out, "ledger_doctor_clause", answer, c->id, clause_words[s]);
            buf_printf(&out, "%d\n", (int)c->state == s);
        }
    }
    buf_put_str(&out, "# HELP ledger_doctor_clause_since_seconds Time since when it has that state.\n"
                      "# TYPE ledger_doctor_clause_since_seconds gauge\n");
    for (size_t i = 0; i < answer->n; i++) {
        const struct clause *c = &answer->clauses[i];
        if (c->since == UINT64_MAX || c->state == CLAUSE_LEFT_OUT) continue;
        put_sample(&out, "ledger_doctor_clause_since_seconds", answer, c->id, NULL);
        buf_printf(&out, "%llu.%03llu\n", (unsigned long long)(c->since / 1000000000),
                   (unsigned long long)(c->since / 1000000 % 1000));
    }
    buf_put_str(
        &out, "# HELP ledger_doctor_good 1 when nothing fails and nothing is unknown.\n# TYPE ledger_doctor_good gauge\n");
    put_sample(&out, "ledger_doctor_good", answer, (struct bytes){0}, NULL);
    buf_printf(&out, "%d\n", answer_is_good(answer));
    int rc = buf_check(&out, "the answer", &err);
    if (rc == 0) {
        out_bytes(cli, bytes_of_buf(&out));
    }
    buf_done(&out);
    return rc == 0 ? 0 : cli_fail(cli, &err);
}

int forms_print(struct asof *view, const struct answer *answer, const struct round_result *round, const struct fix *fix,
                const char *form) {
    return strcmp(form, "junit") == 0        ? print_junit(view->cli, answer)
           : strcmp(form, "prometheus") == 0 ? print_prometheus(view->cli, answer)
                                             : print_json(view, answer, round, fix);
}

void forms_refused(struct cli *cli, const char *form) {
    static const char why[] = "the ledger does not verify: 'ledger verify' says how";
    struct answer *answer = form != NULL && strcmp(form, "json") != 0 ? calloc(1, sizeof(*answer)) : NULL;
    if (answer == NULL) return;
    answer->n = answer->count[CLAUSE_FAIL] = 1;
    answer->clauses[0] = (struct clause){.state = CLAUSE_FAIL,
                                         .id = bytes_of("chain"),
                                         .reason = bytes_of(why),
                                         .since = UINT64_MAX,
                                         .since_seq = UINT64_MAX};
    if (strcmp(form, "junit") == 0) {
        print_junit(cli, answer);
    } else {
        print_prometheus(cli, answer);
    }
    free(answer);
}
