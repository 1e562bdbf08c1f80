/* Three walks over the events of the range: the first collects names and counts; the second makes everything, measures
 * it and searches it for secrets; the third makes it again and writes it. Nothing of an event is kept between walks. */
#include "export/support/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "export/cut/record.h"
#include "export/cut/sink.h"
#include "export/support/doctor.h"
#include "export/support/report.h"

#define DAY_NS      (86400 * CLOCK_NS_PER_S)
#define PROGRESS_NS (CLOCK_NS_PER_S / 10)
#define REPORT_MAX  ((size_t)512 << 20)
#define ACCOUNT_MAX ((size_t)64 << 10)
#define EVENT_MAX   ((size_t)64 << 20)

struct support {
    struct ledger *ledger;
    const struct support_options *options;
    struct support_redact redact;
    struct support_tally tally;
    struct support_counts counts;
    uint64_t since;
    int events; /* events.jsonl, in an unnamed file; */
    uint64_t events_bytes;
    struct buf doctor, report, account, line;
};

/* ---- walking ---- */

typedef int visit_fn(struct support *s, const struct log_event *event, struct err *err, void *ctx);

static void show(const struct support *s, uint64_t done, uint64_t total, uint64_t *shown) {
    const struct support_options *o = s->options;
    uint64_t now = o->progress != NULL && done % 256 == 0 ? clock_monotonic_ns() : *shown;
    if (now - *shown >= PROGRESS_NS) {
        *shown = now;
        o->progress(o->progress_ctx, done, total);
    }
}

/* A damaged group ends the walk, as it ends an export; `ledger verify` gives details. */
static int walk(struct support *s, visit_fn *visit, void *ctx, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    uint64_t shown = 0, done = 0;
    int rc = log_reader_open(s->ledger, s->counts.from, s->counts.to, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        show(s, ++done, s->counts.to - s->counts.from, &shown);
        rc = s->options->stop != NULL && *s->options->stop != 0 ? err_set(err, ERR_BUSY, "interrupted")
                                                                : visit(s, &event, err, ctx);
    }
    log_reader_close(reader);
    return rc == 1 ? 0 : rc;
}

/* The first event at or after a time. Event times never decrease. */
static int find_first(struct ledger *ledger, uint64_t size, uint64_t time, uint64_t *ret, struct err *err) {
    struct log_reader *reader = NULL;
    uint64_t lo = 0, hi = size;
    int rc = log_reader_open(ledger, 0, size, &reader, err);
    while (rc == 0 && lo < hi) {
        struct log_event event;
        uint64_t middle = lo + (hi - lo) / 2;
        log_reader_seek(reader, middle);
        rc = log_reader_next(reader, &event, err);
        if (rc == 0 && event.time < time) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    log_reader_close(reader);
    *ret = lo;
    return rc;
}

static int learn(struct support *s, const struct log_event *event, struct err *err, void *ctx) {
    struct support_counts *c = &s->counts;
    (void)ctx;
    c->events++;
    c->private_ += event->has_private;
    support_names_add_actor(&s->redact.names, event->actor);
    return support_tally_add(&s->tally, event->time, event->kind, err);
}

/* The scanner sees the exact bytes that leave. */
static void search(struct support *s, struct bytes text, const char *member, uint64_t seq) {
    struct secret_hit hit;
    for (size_t from = 0; secret_next(text, from, &hit) == 0; from = hit.at + hit.n) {
        if (s->counts.secrets++ == 0 && seq == LOG_NO_SEQ) {
            snprintf(s->counts.secret, sizeof(s->counts.secret), "%s seems to hold a secret (%s)", member, hit.rule);
        } else if (s->counts.secrets == 1) {
            snprintf(s->counts.secret, sizeof(s->counts.secret), "event %llu seems to hold a secret (%s)",
                     (unsigned long long)seq, hit.rule);
        }
    }
}

static int take(struct support *s, const struct log_event *event, struct err *err, void *ctx) {
    (void)ctx;
    buf_clear(&s->line);
    int rc = support_event(&s->redact, event, &s->line, err);
    if (rc != 0) return rc;
    search(s, bytes_of_buf(&s->line), "events.jsonl", event->seq);
    s->events_bytes += s->line.n;
    return file_put_all(s->events, s->line.p, s->line.n) != 0 ? err_errno(err, errno, "writing events to a temporary file")
                                                              : 0;
}

/* ---- LEFT_OUT.md ---- */

static void put_account(struct support *s) {
    const struct support_counts *c = &s->counts;
    struct buf *out = &s->account;
    buf_put_str(out, "# What is in this report, and what was left out\n\n");
    buf_printf(out,
               "Written by ledger " LEDGER_VERSION
               ". `DOCTOR.md` has what the doctor says of the box, from what was recorded.\n"
               "`report.json` has versions, sizes, counts of events by kind and day, the\n"
               "condition of the projections and rows of their states (at most 200 of a table: %llu in all), the doctor's\n"
               "verdicts among them. `events.jsonl` has %llu event%s of the last %llu day%s: headers and open fields.\n\n",
               (unsigned long long)c->rows, (unsigned long long)c->events, text_s(c->events),
               (unsigned long long)s->options->days, text_s(s->options->days));
    buf_printf(
        out,
        "Left out:\n\n"
        "- every private field: %llu of these events have some. They were not read\n"
        "- %llu open fields, elements and cells: free text, and what no table says is harmless. Of kinds `x.*`, and\n"
        "  of fields that the catalog does not know, only numbers, true and false, and digests are here\n"
        "- hashes of events, signatures, checkpoints, artifacts: this report proves nothing\n"
        "- events before, and the ledger's directory, configuration and keys\n\n",
        (unsigned long long)c->private_, (unsigned long long)c->left_out);
    buf_printf(
        out,
        "Replaced (%llu time%s): actors, users, hosts, addresses, paths, origins, runs, sessions and other ids, verifier\n"
        "keys, idempotency keys, and words that look like one of these or have the login, the host's name, the\n"
        "origin or a user of these events in them. A replacement is HMAC-SHA-256 of the value, cut to 48 bits, under\n"
        "a random key that was made for this report and kept nowhere: the same value has the same one within this\n"
        "report, and in no other. `user:u-...` and `run:r-...` say of what sort it is.\n\n",
        (unsigned long long)c->pseudonyms, text_s(c->pseudonyms));
    buf_put_str(
        out,
        "Not hidden: times, numbers, sizes, the order of events, which of them belong together, digests (anyone with\n"
        "the same file can recognize it), names and versions of models, packs, routes, packages and tools, and kinds.\n"
        "A reader who knows the machine may recognize it by these. The secret scanner found no secrets.\n");
}

/* ---- the whole ---- */

static int begin(struct support *s, struct ledger *ledger, const struct support_options *options, struct err *err) {
    *s = (struct support){.ledger = ledger, .options = options, .events = -1};
    buf_init(&s->doctor, REPORT_MAX);
    buf_init(&s->report, REPORT_MAX);
    buf_init(&s->account, ACCOUNT_MAX);
    buf_init(&s->line, EVENT_MAX);
    support_names_init(&s->redact.names);
    for (size_t i = 0; i < options->n_identities; i++) {
        support_names_add(&s->redact.names, bytes_of(options->identities[i]));
    }
    support_names_add(&s->redact.names, bytes_of(log_origin(ledger)));
    if (options->days < 1 || options->days > SUPPORT_DAYS_MAX) {
        return err_set(err, ERR_INVALID, "a report covers 1 to %d days", SUPPORT_DAYS_MAX);
    }
    struct log_head *head = &s->counts.head;
    int rc = log_head(ledger, head, err);
    if (rc == 0) {
        uint64_t span = options->days * DAY_NS;
        s->since = head->time > span ? head->time - span : 0;
        s->counts.to = head->size;
        rc = find_first(ledger, head->size, s->since, &s->counts.from, err);
    }
    return rc;
}

static int prepare(struct support *s, struct err *err) {
    struct support_counts *c = &s->counts;
    int rc = walk(s, learn, NULL, err);
    if (rc == 0) rc = file_unnamed(NULL, &s->events, err);
    if (rc == 0) rc = walk(s, take, NULL, err);
    const struct support_about about = {.ledger = s->ledger,
                                        .system = s->options->system,
                                        .stop = s->options->stop,
                                        .size = c->head.size,
                                        .from = c->from,
                                        .to = c->to,
                                        .events = c->events,
                                        .days = s->options->days,
                                        .since = s->since,
                                        .tally = &s->tally};
    if (rc == 0) rc = support_report(&s->redact, &about, &s->report, &c->rows, err);
    if (rc == 0) rc = support_doctor(&s->redact, s->ledger, s->options->stop, &s->doctor, err);
    if (rc != 0) return rc;
    c->pseudonyms = s->redact.names.replaced;
    c->left_out = s->redact.left_out;
    search(s, bytes_of_buf(&s->doctor), "DOCTOR.md", LOG_NO_SEQ);
    search(s, bytes_of_buf(&s->report), "report.json", LOG_NO_SEQ);
    put_account(s);
    search(s, bytes_of_buf(&s->account), "LEFT_OUT.md", LOG_NO_SEQ);
    return buf_check(&s->account, "LEFT_OUT.md", err);
}

static void end(struct support *s) {
    if (s->events >= 0) {
        close(s->events);
    }
    support_tally_done(&s->tally);
    support_names_done(&s->redact.names);
    buf_done(&s->line);
    buf_done(&s->account);
    buf_done(&s->report);
    buf_done(&s->doctor);
}

int support_plan(struct ledger *ledger, const struct support_options *options, struct buf *account,
                 struct support_counts *ret, struct err *err) {
    struct support s;
    int rc = begin(&s, ledger, options, err);
    if (rc == 0) rc = prepare(&s, err);
    if (rc == 0 && account != NULL) {
        rc = buf_put_bytes(account, bytes_of_buf(&s.account));
        rc = rc != 0 ? buf_check(account, "LEFT_OUT.md", err) : 0;
    }
    if (rc == 0) {
        *ret = s.counts;
    }
    end(&s);
    return rc;
}

static int write_members(struct support *s, struct sink *sink, struct err *err) {
    int rc = sink_whole(sink, "DOCTOR.md", bytes_of_buf(&s->doctor), err);
    if (rc == 0) rc = sink_whole(sink, "LEFT_OUT.md", bytes_of_buf(&s->account), err);
    if (rc == 0) rc = sink_whole(sink, "report.json", bytes_of_buf(&s->report), err);
    if (rc == 0) rc = sink_whole_file(sink, "events.jsonl", s->events, s->events_bytes, err);
    return rc;
}

int support_write(struct ledger *ledger, const struct support_options *options, int fd, struct support_counts *ret,
                  uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err) {
    struct support s;
    struct sink *sink = NULL;
    int rc = begin(&s, ledger, options, err);
    if (rc == 0) rc = prepare(&s, err);
    if (rc == 0 && s.counts.secrets > 0) {
        rc = err_set(err, ERR_INVALID, "%s; nothing was written", s.counts.secret);
    }
    if (rc == 0) rc = sink_new(fd, options->plain, &sink, err);
    if (rc == 0) rc = write_members(&s, sink, err);
    if (rc == 0) rc = sink_end(sink, ret_digest, ret_bytes, err);
    if (rc == 0) {
        *ret = s.counts;
    }
    sink_free(sink);
    end(&s);
    return rc;
}

/* ---- the event ---- */

static void put_record(const struct support_record *r, struct buf *body) {
    const struct support_counts *c = r->counts;
    char query[64];
    snprintf(query, sizeof(query), "the last %llu day%s", (unsigned long long)r->days, text_s(r->days));
    mp_put_map(body, 9);
    mp_pair_uint(body, "bytes", r->bytes);
    record_digest(body, "digest", r->digest);
    mp_pair_uint(body, "disclosed", 0);
    mp_pair_str(body, "disclosure", bytes_of("headers and open fields with pseudonyms; no private fields"));
    mp_pair_str(body, "format", bytes_of("support"));
    mp_pair_uint(body, "from", c->from);
    mp_pair_str(body, "query", bytes_of(query));
    mp_pair_uint(body, "size", c->head.size);
    mp_pair_uint(body, "to", c->to);
}

int support_record(struct ledger *ledger, const struct support_record *record, struct log_receipt *ret, struct err *err) {
    struct buf body = {.max = 1 << 14};
    put_record(record, &body);
    int rc = record_commit(ledger, &record->to, &body, ret, err);
    buf_done(&body);
    return rc;
}
