/* The event of an export states its range, its filter and what it disclosed, in words; the recipient is a private field
 * of it. A sparse export states only how many events were chosen, so an event inside its range may or may not have been
 * in it. What is not understood counts as "may". */
#include "cli/evidence/erase_left.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "query/query.h"

enum shown { SHOWN_NOT, SHOWN_MAYBE, SHOWN };

/* What the event of an export states. */
struct disclosed {
    uint64_t from, to, recorded; /* recorded: seq of the event */
    struct bytes format, query, disclosure;
};

/* ---- what it disclosed ---- */

/* "matching bodies, private: note, path": which of the plan's fields it disclosed, or whether it disclosed bodies. */
static uint64_t fields_shown(const struct erase_plan *plan, struct bytes disclosure) {
    static const char mark[] = ", private: ";
    const uint8_t *at = disclosure.n > 0 ? memmem(disclosure.p, disclosure.n, mark, sizeof(mark) - 1) : NULL;
    const uint8_t *end = disclosure.p + disclosure.n;
    uint64_t mask = 0;
    if (plan->what == LOG_ERASE_BODY) {
        return disclosure.n > 0 && bytes_has_prefix(disclosure, "headers only") ? 0 : UINT64_MAX;
    }
    if (at == NULL) return 0;
    if (plan->n_fields == 0) return UINT64_MAX;
    for (at += sizeof(mark) - 1; at < end;) {
        const uint8_t *comma = memmem(at, (size_t)(end - at), ", ", 2);
        struct bytes name = {at, (size_t)((comma != NULL ? comma : end) - at)};
        for (size_t i = 0; i < plan->n_fields; i++) {
            mask |= bytes_is(name, plan->fields[i]) ? UINT64_C(1) << i : 0;
        }
        at += name.n + 2;
    }
    return mask;
}

/* Where the next condition, such as ", actor = ", begins; the end when there is none. */
static size_t next_condition(struct bytes query, size_t from, const char *const *names, size_t n) {
    for (size_t at = from; at < query.n; at++) {
        for (size_t i = 0; i < n; i++) {
            char mark[24];
            int len = snprintf(mark, sizeof(mark), ", %s = ", names[i]);
            if (query.n - at >= (size_t)len && memcmp(query.p + at, mark, (size_t)len) == 0) {
                return at;
            }
        }
    }
    return query.n;
}

/* Matches a filter, "kind = run.*, run = r-1", against an event. */
static enum shown matches(struct bytes query, const struct log_event *e) {
    static const char *const names[] = {"kind", "subject", "run", "actor", "source", "grade", "key"};
    const struct bytes values[] = {e->kind, e->subject, e->run, e->actor, e->source, e->grade, e->key};
    size_t n = sizeof(names) / sizeof(names[0]);
    if (bytes_is(query, "everything")) return SHOWN;
    for (size_t at = 0; at < query.n;) {
        size_t i = 0, end, len = 0;
        for (; i < n; i++) {
            len = strlen(names[i]);
            if (query.n - at > len + 2 && memcmp(query.p + at, names[i], len) == 0 &&
                memcmp(query.p + at + len, " = ", 3) == 0) {
                break;
            }
        }
        if (i == n) return SHOWN_MAYBE;
        end = next_condition(query, at + len + 3, names, n);
        struct bytes want = {query.p + at + len + 3, end - at - len - 3};
        bool prefix = want.n > 0 && want.p[want.n - 1] == '*';
        want.n -= prefix;
        if (prefix ? !bytes_starts(values[i], want) : !bytes_eq(values[i], want)) return SHOWN_NOT;
        at = end + 2;
    }
    return SHOWN;
}

static bool is_stream(struct bytes format) {
    return bytes_is(format, "jsonl") || bytes_is(format, "otlp") || bytes_is(format, "syslog");
}

static enum shown shows(const struct disclosed *disclosed, const struct log_event *event) {
    if (event->seq < disclosed->from || event->seq >= disclosed->to) return SHOWN_NOT;
    if (bytes_has_prefix(disclosed->disclosure, "all bodies")) return SHOWN;
    if (bytes_is(disclosed->format, "sparse")) { /* the first and the last one were chosen */
        return event->seq == disclosed->from || event->seq == disclosed->to - 1 ? SHOWN : SHOWN_MAYBE;
    }
    if (is_stream(disclosed->format) && event->seq >= disclosed->recorded) {
        return matches(disclosed->query, event) == SHOWN_NOT ? SHOWN_NOT : SHOWN_MAYBE;
    }
    return bytes_is(disclosed->format, "bundle") || is_stream(disclosed->format) ? matches(disclosed->query, event)
                                                                                 : SHOWN_MAYBE;
}

/* ---- one export ---- */

static int count(struct erase_export *x, const struct disclosed *disclosed, const struct erase_plan *plan,
                 struct log_reader *reader, struct err *err) {
    uint64_t mask = fields_shown(plan, disclosed->disclosure);
    int rc = 0;
    for (size_t i = 0; mask != 0 && i < plan->n && rc == 0; i++) {
        const struct erase_item *item = &plan->item[i];
        struct log_event event;
        if (item->seq < disclosed->from || item->seq >= disclosed->to ||
            (plan->n_fields > 0 && (item->fields & mask) == 0)) {
            continue;
        }
        log_reader_seek(reader, item->seq);
        rc = log_reader_next(reader, &event, err);
        if (rc == 0) {
            enum shown shown = shows(disclosed, &event);
            x->events += shown == SHOWN;
            x->maybe += shown == SHOWN_MAYBE;
        }
    }
    return rc;
}

static int keep(struct erase_left *left, const struct erase_export *x, struct err *err) {
    int rc = array_room(&left->export, left->n + 1, &left->cap, sizeof(*left->export), err);
    if (rc != 0) return rc;
    left->export[left->n++] = *x;
    return 0;
}

static void copy(char *to, size_t max, struct bytes text) {
    snprintf(to, max, "%.*s", (int)(text.n < max ? text.n : max - 1), text.n == 0 ? "" : (const char *)text.p);
}

static int add_export(struct erase_left *left, const struct erase_plan *plan, struct query_cursor *cursor,
                      struct log_reader *reader, struct buf *private_, struct err *err) {
    const struct log_event *event = NULL;
    int rc = query_event(cursor, &event, err);
    if (rc != 0) return rc;
    struct erase_export x = {.seq = event->seq, .time = event->time};
    struct bytes format = mp_get_text(event->body, "format");
    /* A stream has no end: it may have been followed until now. */
    uint64_t end = is_stream(format) ? LOG_NO_SEQ : event->seq;
    struct disclosed disclosed = {
        mp_get_uint(event->body, "from", 0), mp_get_uint(event->body, "to", end),   event->seq, format,
        mp_get_text(event->body, "query"),   mp_get_text(event->body, "disclosure")};
    rc = count(&x, &disclosed, plan, reader, err);
    if (rc != 0 || x.events + x.maybe == 0) return rc;
    buf_clear(private_);
    rc = event->has_private ? query_private(cursor, private_, err) : 0;
    if (rc == 0) {
        copy(x.recipient, sizeof(x.recipient), mp_get_text(bytes_of_buf(private_), "recipient"));
        copy(x.path, sizeof(x.path), mp_get_text(bytes_of_buf(private_), "path"));
        rc = keep(left, &x, err);
    }
    return rc;
}

int erase_left_find(struct erase_left *left, const struct erase_plan *plan, struct ledger *ledger, struct err *err) {
    struct query_value kind = {.type = QUERY_TEXT, .text = bytes_of("ledger.exported")};
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1};
    struct query_cursor *cursor = NULL;
    struct log_reader *reader = NULL;
    struct query query;
    struct buf private_ = {.max = (size_t)32 << 20};
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.proven = true;
    int rc = plan->n == 0 ? 1 : query_open(ledger, &query, &cursor, err);
    if (rc == 0) rc = log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, err);
    while (rc == 0 && (rc = query_next(cursor, err)) == 0) {
        rc = add_export(left, plan, cursor, reader, &private_, err);
    }
    log_reader_close(reader);
    query_close(cursor);
    buf_done(&private_);
    return rc == 1 ? 0 : rc;
}

void erase_left_done(struct erase_left *left) {
    free(left->export);
    *left = (struct erase_left){0};
}
