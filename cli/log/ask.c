/* One pattern becomes one term; several exact texts become one term with all of them; patterns of kinds become the kinds they
 * match, if only kinds of the catalog can match. What remains, several patterns for one field, is checked here row by row. */
#include "cli/log/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/text.h"
#include "cli/call/cli.h"
#include "cli/call/opt.h"
#include "cli/log/grep.h"
#include "ledger/kinds/kind.h"
#include "query/condition/value.h"

#define PRIVATE_MAX ((size_t)32 << 20)
#define SLACK_NS    (3600 * CLOCK_NS_PER_S) /* clocks differ */

static bool is_pattern(const struct ask_condition *c, const char *text) {
    size_t n = strlen(text);
    return c->glob ? strpbrk(text, "*?[\\") != NULL : n > 0 && text[n - 1] == '*';
}

static struct query_value text_value(struct bytes text) {
    return (struct query_value){.type = QUERY_TEXT, .text = text};
}

static struct query_value int_value(uint64_t v) {
    return (struct query_value){.type = QUERY_INT, .int_ = v < INT64_MAX ? (int64_t)v : INT64_MAX};
}

/* ---- kinds ---- */

/* May it match kinds outside the catalog? */
static bool may_match_custom(const char *pattern) {
    static const char custom[] = "x.";
    for (size_t i = 0; i < sizeof(custom) - 1; i++) {
        if (strchr("*?[\\", pattern[i]) && pattern[i] != '\0') return true;
        if (pattern[i] != custom[i]) return false;
    }
    return true;
}

/* The family of kinds with the nearest name: for "runs.*". NULL: none. */
static const char *near_family(const char *pattern, char best[64]) {
    char given[64], family[64];
    struct text_near near = {.text = given};
    snprintf(given, sizeof(given), "%.*s", (int)strcspn(pattern, ".*?["), pattern);
    for (size_t k = 0; k < kind_count(); k++) {
        const char *name = kind_at(k)->name, *before = near.name;
        snprintf(family, sizeof(family), "%.*s", (int)strcspn(name, "."), name);
        text_near_offer(&near, family);
        if (near.name != before) {
            near.name = name;
        }
    }
    if (near.name) {
        snprintf(best, 64, "%.*s.*", (int)strcspn(near.name, "."), near.name);
    }
    return near.name ? best : NULL;
}

static bool matches_a_kind(const char *pattern) {
    for (size_t k = 0; k < kind_count(); k++) {
        if (glob_match(bytes_of(pattern), bytes_of(kind_at(k)->name))) return true;
    }
    return false;
}

int ask_kind(const char *pattern, struct err *err) {
    if (may_match_custom(pattern) || matches_a_kind(pattern)) return 0;
    char family[64];
    struct text_near near = {.name = strpbrk(pattern, "*?[\\") != NULL ? near_family(pattern, family)
                                                                       : kind_suggest(bytes_of(pattern))};
    return err_set(err, ERR_NOTFOUND, "unknown kind '%.100s'%s ('ledger kinds' lists them)", pattern,
                   text_near_words(&near));
}

/* Events have one of four grades; anything else is an error. */
static int check_grade(const char *text, struct err *err) {
    static const char *const grades[] = {"measured", "reported", "declared", "inferred"};
    struct text_near near = {.text = text};
    size_t n = strlen(text);
    bool prefix = n > 0 && text[n - 1] == '*';
    for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++) {
        if (text_near_offer(&near, grades[i]) || (prefix && strncmp(grades[i], text, n - 1) == 0)) {
            return 0;
        }
    }
    return err_set(err, ERR_NOTFOUND, "unknown grade '%.40s'%s (expected measured, reported, declared or inferred)", text,
                   text_near_words(&near));
}

/* Replaces patterns by all kinds they match, if nothing else can match. */
static int spell_out_kinds(struct ask_condition *c, struct err *err) {
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (is_pattern(c, c->patterns[i]) && may_match_custom(c->patterns[i])) return 0;
    }
    const char **all = calloc(kind_count() + c->n, sizeof(*all));
    if (!all) return err_set(err, ERR_NOMEM, "no memory for the conditions");
    for (size_t i = 0; i < c->n; i++) {
        if (!is_pattern(c, c->patterns[i])) {
            all[n++] = c->patterns[i];
        }
    }
    for (size_t k = 0; k < kind_count(); k++) {
        bool hit = false;
        for (size_t i = 0; i < c->n && !hit; i++) {
            hit = is_pattern(c, c->patterns[i]) && glob_match(bytes_of(c->patterns[i]), bytes_of(kind_at(k)->name));
        }
        if (hit) {
            all[n++] = kind_at(k)->name;
        }
    }
    free(c->patterns);
    c->patterns = all;
    c->n = n;
    c->plain = true;
    return 0;
}

/* ---- reading ---- */

static int read_option(struct ask *ask, const struct opt_args *args, const struct ask_option *o, struct err *err) {
    struct ask_condition *c = &ask->condition[ask->n_conditions];
    size_t at = 0;
    const char *text;
    *c = (struct ask_condition){.field = o->body ? query_field_find(bytes_of(o->body)) : o->header,
                                .glob = !o->body && o->header == QUERY_KIND,
                                .plain = true};
    if (!opt_has(args, o->option)) return 0;
    c->patterns = calloc(args->n_values, sizeof(*c->patterns));
    if (!c->patterns) return err_set(err, ERR_NOMEM, "no memory for the conditions");
    ask->n_conditions++;
    while ((text = opt_next(args, o->option, &at)) != NULL) {
        bool grade = !o->body && o->header == QUERY_GRADE;
        int rc = c->glob ? ask_kind(text, err) : grade ? check_grade(text, err) : 0;
        if (rc != 0) return rc;
        c->plain = c->plain && !is_pattern(c, text);
        c->patterns[c->n++] = text;
    }
    return c->glob && !c->plain && c->n > 1 ? spell_out_kinds(c, err) : 0;
}

static int read_when(struct ask_when *w, const char *option, const char *text, bool last, struct err *err) {
    w->text = text;
    int rc = text ? when_parse(text, last, &w->when, err) : 0;
    if (rc != 0) {
        err_prefix(err, "--%s", option);
    }
    return rc;
}

static int read_times(struct ask *ask, const char *since, const char *until, struct err *err) {
    const struct when *from = &ask->since.when, *to = &ask->until.when;
    int rc = read_when(&ask->since, "since", since, false, err);
    if (rc == 0) rc = read_when(&ask->until, "until", until, true, err);
    if (rc == 0 && since && until) rc = when_order(from, since, to, until, err);
    if (rc != 0) return rc;
    ask->has_times = (since && !from->is_seq) || (until && !to->is_seq);
    ask->query.from = since && from->is_seq ? from->at : 0;
    ask->query.to = until && to->is_seq ? to->at + 1 : LOG_NO_SEQ;
    ask->time_from = since && !from->is_seq ? from->at : 0;
    ask->time_to = until && !to->is_seq ? to->at : INT64_MAX;
    uint64_t now = clock_wall_ns();
    ask->until_now = since && !from->is_seq && ask->time_from <= now && now < INT64_MAX - SLACK_NS && !until;
    ask->time_to = ask->until_now ? now + SLACK_NS : ask->time_to;
    return 0;
}

int ask_clock(const char *name, size_t *ret, struct err *err) {
    bool ledger = name && strcmp(name, "ledger") == 0;
    if (name && !ledger && strcmp(name, "source") != 0) {
        return err_set(err, ERR_NOTFOUND, "unknown clock '%.40s'; known clocks: source, ledger", name);
    }
    *ret = ledger ? QUERY_TIME : QUERY_HAPPENED;
    return 0;
}

int ask_check(const struct ask *ask, const struct cli *cli, uint64_t size, struct err *err) {
    const struct ask_when *const both[] = {&ask->since, &ask->until};
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->text) {
            int rc = when_check(&both[i]->when, both[i]->text, size, err);
            if (rc != 0) return rc;
            when_note(cli, &both[i]->when, both[i]->text);
        }
    }
    return 0;
}

static void add_term(struct ask *ask, size_t field, enum query_op op, struct query_value **next, size_t n) {
    struct query_term *term = &ask->term[ask->query.n_terms++];
    *term = (struct query_term){.field = field, .op = op, .values = *next, .n_values = n};
    *next += n;
}

/* Turns the conditions into terms; those with several patterns become the rest. */
static void make_terms(struct ask *ask) {
    struct query_value *next = ask->values;
    ask->query.terms = ask->term;
    for (size_t i = 0; i < ask->n_conditions; i++) {
        const struct ask_condition *c = &ask->condition[i];
        if (!c->plain && c->n > 1) {
            ask->rest[i] = ask->has_rest = true;
            continue;
        }
        for (size_t k = 0; k < c->n; k++) {
            next[k] = text_value(bytes_of(c->patterns[k]));
        }
        if (c->plain) {
            add_term(ask, c->field, QUERY_EQ, &next, c->n);
        } else if (c->glob) {
            add_term(ask, c->field, QUERY_GLOB, &next, 1);
        } else {
            next->text.n--; /* without its '*' */
            add_term(ask, c->field, QUERY_PREFIX, &next, 1);
        }
    }
    if (ask->has_times && ask->time_from > 0) {
        *next = int_value(ask->time_from);
        add_term(ask, ask->clock, QUERY_GE, &next, 1);
    }
    if (ask->has_times && ask->time_to < INT64_MAX) {
        *next = int_value(ask->time_to);
        add_term(ask, ask->clock, QUERY_LE, &next, 1);
    }
}

int ask_read(struct ask *ask, const struct opt_args *args, const struct ask_options *options, struct err *err) {
    size_t n = 2;
    memset(ask, 0, sizeof(*ask));
    query_init(&ask->query);
    int rc = ask_clock(opt_text(args, options->clock), &ask->clock, err);
    for (const struct ask_option *o = options->fields; rc == 0 && o->option; o++) {
        rc = read_option(ask, args, o, err);
        if (rc != 0) {
            err_prefix(err, "--%s", o->option->name);
        }
    }
    if (rc == 0) rc = read_times(ask, opt_text(args, options->since), opt_text(args, options->until), err);
    for (size_t i = 0; i < ask->n_conditions; i++) {
        n += ask->condition[i].n;
    }
    ask->values = rc == 0 ? calloc(n, sizeof(*ask->values)) : NULL;
    if (rc == 0 && !ask->values) rc = err_set(err, ERR_NOMEM, "no memory for the conditions");
    if (rc == 0) {
        make_terms(ask);
        ask->grep = opt_text(args, options->grep);
        ask->private_ = options->private_ && opt_has(args, options->private_);
        ask->has_rest = ask->has_rest || ask->grep;
    }
    if (rc == 0 && ask->grep && ask->grep[0] == '\0') {
        rc = err_set(err, ERR_INVALID, "--grep: the text is empty");
    }
    return rc;
}

void ask_open_end(struct ask *ask) {
    if (ask->until_now) {
        ask->until_now = false;
        ask->time_to = INT64_MAX;
        ask->query.n_terms--;
    }
}

void ask_done(struct ask *ask) {
    for (size_t i = 0; i < ask->n_conditions; i++) {
        free(ask->condition[i].patterns);
    }
    free(ask->values);
    memset(ask, 0, sizeof(*ask));
}

/* ---- rows ---- */

static bool matches(const struct ask_condition *c, struct bytes text) {
    for (size_t i = 0; i < c->n; i++) {
        const char *pattern = c->patterns[i];
        struct bytes p = bytes_of(pattern);
        if (!is_pattern(c, pattern) ? bytes_eq(p, text)
            : c->glob               ? glob_match(p, text)
                                    : bytes_starts(text, (struct bytes){p.p, p.n - 1})) {
            return true;
        }
    }
    return false;
}

static int grep_rest(const struct ask *ask, struct query_cursor *cursor, struct err *err) {
    const struct log_event *event = NULL;
    struct buf private_ = {.max = PRIVATE_MAX};
    int rc = query_event(cursor, &event, err);
    if (rc != 0 || grep_map(event->body, ask->grep)) return rc;
    if (!ask->private_ || !event->has_private) return 1;
    rc = query_private(cursor, &private_, err);
    if (rc == 0) rc = grep_map(bytes_of_buf(&private_), ask->grep) ? 0 : 1;
    buf_done(&private_);
    return rc;
}

int ask_rest(const struct ask *ask, struct query_cursor *cursor, struct err *err) {
    for (size_t i = 0; i < ask->n_conditions; i++) {
        struct query_value v;
        if (!ask->rest[i]) continue;
        int rc = query_get(cursor, ask->condition[i].field, &v, err);
        if (rc != 0) return rc;
        if (v.type != QUERY_TEXT || !matches(&ask->condition[i], v.text)) return 1;
    }
    return ask->grep ? grep_rest(ask, cursor, err) : 0;
}

/* ---- SQL ---- */

enum quoted { AS_TEXT, AS_GLOB, AS_PREFIX };

static void put_quoted(struct buf *out, struct bytes text, enum quoted how) {
    buf_put_str(out, "'");
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (how == AS_PREFIX && strchr("*?[", c)) {
            buf_printf(out, "[%c]", c);
        } else if (how == AS_GLOB && c == '!' && i > 0 && text.p[i - 1] == '[') {
            buf_put_str(out, "^"); /* as SQLite writes it */
        } else if (c == '\'') {
            buf_put_str(out, "''");
        } else {
            buf_put_u8(out, c);
        }
    }
    buf_put_str(out, how == AS_PREFIX ? "*'" : "'");
}

static void put_condition(const struct ask_condition *c, struct buf *out) {
    const char *name = query_field_name(c->field);
    buf_put_str(out, "(");
    for (size_t i = 0; i < c->n; i++) {
        struct bytes text = bytes_of(c->patterns[i]);
        bool pattern = is_pattern(c, c->patterns[i]);
        buf_printf(out, "%s\"%s\" %s ", i > 0 ? " OR " : "", name, pattern ? "GLOB" : "=");
        text.n -= pattern && !c->glob ? 1 : 0;
        put_quoted(out, text, !pattern ? AS_TEXT : c->glob ? AS_GLOB : AS_PREFIX);
    }
    buf_put_str(out, ")");
}

void ask_sql(const struct ask *ask, struct buf *out) {
    const struct query *q = &ask->query;
    buf_put_str(out, "1");
    for (size_t i = 0; i < ask->n_conditions; i++) {
        buf_put_str(out, " AND ");
        put_condition(&ask->condition[i], out);
    }
    if (q->from > 0) {
        buf_printf(out, " AND seq >= %llu", (unsigned long long)q->from);
    }
    if (q->to <= INT64_MAX) {
        buf_printf(out, " AND seq < %llu", (unsigned long long)q->to);
    }
    if (ask->has_times) {
        buf_printf(out, " AND %s BETWEEN %llu AND %llu", query_field_name(ask->clock), (unsigned long long)ask->time_from,
                   (unsigned long long)ask->time_to);
    }
}
