/* The answer for people: the verdict, then each clause that does not pass, the worst first, then one line for those that do. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/said.h"
#include "cli/evidence/report.h"
#include "cli/print/out.h"
#include "cli/print/say.h"
#include "cli/print/words.h"
#include "cli/view/explain_before.h"

#define LABEL 10 /* columns of the labels */
#define SEQS  8  /* events that are named */

/* Blanks up to the text after this word, at least one. */
static void put_gap(struct cli *cli, const char *word, int width) {
    int columns = 0;
    for (; *word != '\0'; word++) {
        columns += ((uint8_t)*word & 0xc0) != 0x80; /* bytes that continue a character take no column */
    }
    out_printf(cli, "%*s", columns < width ? width - columns : 1, "");
}

static void put_label(struct cli *cli, const char *label) {
    out_printf(cli, "  %s", label);
    put_gap(cli, label, LABEL - 2);
}

static void put_text(struct cli *cli, const char *label, struct bytes text) {
    put_label(cli, label);
    report_wrapped(cli, text, LABEL);
}

/* A command, changed so that it reaches this ledger; never broken. */
static void put_command(struct cli *cli, const char *label, struct bytes command) {
    struct buf own = {.max = (size_t)64 << 10};
    put_label(cli, label);
    cli_command(cli, command, &own);
    out_safe(cli, bytes_of_buf(&own));
    out_str(cli, "\n");
    buf_done(&own);
}

static void put_since(struct cli *cli, const struct clause *clause, enum when_style style, uint64_t now) {
    struct buf line = {.max = 1024};
    if (clause->since == UINT64_MAX) return;
    said_time(clause->since, style, now, &line);
    if (clause->since_seq != UINT64_MAX) {
        buf_printf(&line, ", ");
        said_number(words("by event {seq}"), "seq", clause->since_seq, &line);
    }
    put_text(cli, words("since"), bytes_of_buf(&line));
    buf_done(&line);
}

static void put_evidence(struct cli *cli, const struct clause *clause) {
    struct buf line = {.max = 1024};
    size_t n = clause->n_evidence, from = n > SEQS ? n - SEQS : 0;
    if (n == 0) return;
    for (size_t i = from; i < n; i++) {
        buf_printf(&line, "%s%llu", i > from ? ", " : "", (unsigned long long)clause->evidence[i]);
    }
    if (from > 0) {
        buf_put_str(&line, ", ");
        said_number(words_n("and {n} more", "and {n} more", from), "n", from, &line);
    }
    if (clause->grade != NULL) {
        buf_put_str(&line, " (");
        said_text(bytes_of(clause->grade), &line);
        buf_put_str(&line, ")");
    }
    put_text(cli, words("events"), bytes_of_buf(&line));
    buf_done(&line);
}

struct causing {
    struct cli *cli;
    enum when_style style;
    uint64_t now;
    bool labelled, direct; /* the first line is printed; that one was read by the judge */
};

/* "pack/p: ready -> partial, by event 118 (permission.revoked), 3m ago". */
static void put_cause(void *ctx, const struct cause *cause, struct bytes name, struct bytes change) {
    struct causing *c = ctx;
    struct buf line = {.max = (size_t)64 << 10};
    if (c->labelled && c->direct && !cause->direct) return; /* only near in time, and there is a better one */
    if (strcmp(cause->table->name, "checks") == 0) return;  /* what was seen of it, not why it is so */
    buf_put_bytes(&line, name);
    buf_put_str(&line, ": ");
    buf_put_bytes(&line, change);
    buf_put_str(&line, ", ");
    if (cause->seq == LOG_NO_SEQ) {
        buf_put_str(&line, words("by time alone"));
    } else {
        said_number(words("by event {seq}"), "seq", cause->seq, &line);
        buf_printf(&line, " (%s)", cause->kind != NULL ? cause->kind : "");
    }
    buf_put_str(&line, ", ");
    said_time(cause->time, c->style, c->now, &line);
    put_text(c->cli, c->labelled ? "" : words("before"), bytes_of_buf(&line));
    c->direct = cause->direct;
    c->labelled = true;
    buf_done(&line);
}

int page_clause(struct cli *cli, const struct clause *clause, bool asks, enum when_style style, uint64_t now,
                struct explanation *before, struct err *err) {
    struct causing causing = {.cli = cli, .style = style, .now = now};
    enum out_color color = out_state(bytes_of(clause_words[clause->state]));
    struct buf said = {.max = (size_t)64 << 10};
    const char *word = words(clause_words[clause->state]);
    int width = LABEL + (int)clause->id.n;
    out_printf(cli, "%s%s%s", out_color(cli, color), word, color != OUT_PLAIN ? out_color(cli, OUT_PLAIN) : "");
    put_gap(cli, word, LABEL);
    out_str(cli, out_color(cli, OUT_BOLD));
    out_safe(cli, clause->id);
    out_str(cli, out_color(cli, OUT_PLAIN));
    out_str(cli, ": ");
    said_reason(clause, &said);
    report_wrapped(cli, bytes_of_buf(&said), width + 2 > 24 ? LABEL : width + 2);
    if (asks) {
        buf_clear(&said);
        said_text(clause->question, &said);
        put_text(cli, words("asks"), bytes_of_buf(&said));
    }
    put_since(cli, clause, style, now);
    int rc = before != NULL ? explain_before_each(before, &clause->row, put_cause, &causing, err) : 0;
    put_evidence(cli, clause);
    if (clause->first.n > 0) {
        buf_clear(&said);
        said_text(clause->first, &said);
        put_text(cli, words("first"), bytes_of_buf(&said));
    }
    if (clause->remedy.n > 0) {
        put_command(cli, words("remedy"), clause->remedy);
    }
    buf_done(&said);
    return rc;
}

/* The ids of the clauses with this state, on a line. */
static void put_ids(struct cli *cli, const struct answer *answer, enum clause_state state) {
    struct buf ids = {.max = 8192};
    if (answer->count[state] == 0) return;
    for (size_t i = 0; i < answer->n; i++) {
        if (answer->clauses[i].state == state) {
            buf_put_str(&ids, ids.n > 0 ? ", " : "");
            buf_put_bytes(&ids, answer->clauses[i].id);
        }
    }
    const char *word = words(clause_words[state]);
    out_printf(cli, "\n%s", word);
    put_gap(cli, word, LABEL);
    report_wrapped(cli, bytes_of_buf(&ids), LABEL);
    buf_done(&ids);
}

static const char *counted(enum clause_state state, size_t n) {
    return state == CLAUSE_FAIL   ? words_n("{n} fail", "{n} fail", n)
           : state == CLAUSE_WARN ? words_n("{n} warn", "{n} warn", n)
           : state == CLAUSE_PASS ? words_n("{n} pass", "{n} pass", n)
                                  : words_n("{n} unknown", "{n} unknown", n);
}

static void put_count(struct buf *line, const struct answer *answer, enum clause_state state) {
    size_t n = answer->count[state];
    if (n > 0) {
        buf_put_str(line, line->n > 0 ? ", " : "");
        said_number(counted(state, n), "n", n, line);
    }
}

static void put_verdict(struct cli *cli, const struct answer *answer, enum when_style style) {
    struct buf line = {.max = 1024};
    size_t judged = answer->n - answer->count[CLAUSE_LEFT_OUT];
    enum clause_state verdict = judged > 0 ? answer->verdict : CLAUSE_LEFT_OUT;
    const char *word = words(clause_words[verdict]);
    enum out_color color = out_state(bytes_of(clause_words[verdict]));
    out_printf(cli, "%s%s%s", out_color(cli, color == OUT_PLAIN ? OUT_BOLD : color), word, out_color(cli, OUT_PLAIN));
    put_gap(cli, word, LABEL);
    for (int i = CLAUSE_FAIL; i >= CLAUSE_PASS; i--) {
        static const enum clause_state order[] = {CLAUSE_PASS, CLAUSE_UNKNOWN, CLAUSE_WARN, CLAUSE_FAIL};
        put_count(&line, answer, order[i]);
    }
    if (answer->pack.n > 0) {
        out_str(cli, words("the pack"));
        out_str(cli, " ");
        out_safe(cli, answer->pack);
    } else {
        out_str(cli, words("this box"));
    }
    out_str(cli, ": ");
    if (judged == 0) {
        buf_put_str(&line, words("none of these clauses applies"));
    }
    out_bytes(cli, bytes_of_buf(&line));
    buf_clear(&line);
    when_text(&line, answer->now, style == WHEN_RELATIVE ? WHEN_UTC : style, answer->now);
    out_str(cli, "\n");
    put_text(cli, words("as of"), bytes_of_buf(&line));
    buf_done(&line);
}

/* Probes that did not come to an end: what was not looked at. */
static void put_round(struct cli *cli, const struct round_result *round) {
    struct buf line = {.max = 4096};
    for (size_t i = 0; round != NULL && i < round->n; i++) {
        const struct round_look *look = &round->looks[i];
        if (look->end == CHILD_OK) continue;
        buf_clear(&line);
        said_name(words("the probe '{name}' gave no answer"), "name", look->probe->name, &line);
        buf_printf(&line, ": %s", look->why);
        out_str(cli, "\n");
        report_wrapped(cli, bytes_of_buf(&line), 0);
    }
    buf_done(&line);
}

int page_print(struct asof *view, const struct answer *answer, const struct round_result *round, enum when_style style) {
    static const enum clause_state order[] = {CLAUSE_FAIL, CLAUSE_WARN, CLAUSE_UNKNOWN};
    struct explanation before;
    struct err err = {0};
    int rc = 0;
    explanation_init(&before, view, style, false);
    before.said = true;
    put_verdict(view->cli, answer, style);
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        for (size_t i = 0; i < answer->n && rc == 0 && out_good(view->cli); i++) {
            if (answer->clauses[i].state != order[k]) continue;
            out_str(view->cli, "\n");
            rc = page_clause(view->cli, &answer->clauses[i], false, style, answer->now, &before, &err);
        }
    }
    put_ids(view->cli, answer, CLAUSE_PASS);
    put_ids(view->cli, answer, CLAUSE_LEFT_OUT);
    put_round(view->cli, round);
    return rc == 0 ? 0 : doctor_fail(view->cli, &err);
}
