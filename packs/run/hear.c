/* A step may tell what happens in its own run: events run.* about that run, but not its beginning or its end, and events of kinds
 * of its own, x.*. Run, source, actor, grade and cause are set here. */
#include "packs/run/hear.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define S(text_)      (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define BATCH_MAX     64
#define BATCH_NS      UINT64_C(250000000)
#define HEAR_KEY_MAX  256
#define KEY_BYTES_MAX 100

int hear_begin(struct hear *hear, struct running *run, const struct manifest_step *step, uint64_t cause, struct err *err) {
    uint64_t most = step->limits != NULL && step->limits->output > 0 ? step->limits->output : WORK_OUTPUT;
    *hear = (struct hear){.run = run, .cause = cause, .committed = clock_boot_ns(), .left = most};
    jsonl_parser_init(&hear->parser);
    return log_batch_new(run->options->ledger, &hear->batch, err);
}

void hear_done(struct hear *hear) {
    log_batch_free(hear->batch);
    jsonl_parser_done(&hear->parser);
    spans_done(&hear->spans);
}

static void refuse(struct hear *hear, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct hear *hear, const char *fmt, ...) {
    va_list args;
    if (hear->refused++ > 0) return;
    va_start(args, fmt);
    (void)vsnprintf(hear->why, sizeof(hear->why), fmt, args);
    va_end(args);
}

static bool is_ours(const struct hear *hear, struct bytes subject) {
    static const char noun[] = "run/";
    const struct bytes id = {subject.p + sizeof(noun) - 1, subject.n - (sizeof(noun) - 1)};
    return bytes_has_prefix(subject, noun) && bytes_eq(id, hear->run->id);
}

/* NULL: a step may say that. */
static const char *fault_of(const struct hear *hear, const struct jsonl_event *event) {
    if (bytes_has_prefix(event->kind, "x.")) return NULL;
    if (!bytes_has_prefix(event->kind, "run.")) return "is not a kind that a step reports, expected run.* or x.*";
    if (bytes_is(event->kind, "run.started") || bytes_is(event->kind, "run.finished")) {
        return "is recorded by whoever runs the step";
    }
    return is_ours(hear, event->subject) ? NULL : "is about another subject than run/$LEDGER_RUN";
}

/* Bytes of an event beyond those of the line that it comes from. */
static uint64_t beyond(const struct hear *hear, size_t n) {
    return n > hear->paid ? n - hear->paid : 0;
}

/* `n`: bytes of the event. */
static int add(struct hear *hear, const struct jsonl_event *event, size_t n) {
    const struct running *run = hear->run;
    char key[HEAR_KEY_MAX], actor[128];
    struct err why = {0};
    struct log_draft draft;
    log_draft_init(&draft);
    (void)snprintf(actor, sizeof(actor), "pack:%.*s", S(run->pack->name));
    (void)snprintf(key, sizeof(key), "%.*s/%.*s", S(run->id), S(event->key)); /* whole: take refuses longer ones */
    draft.kind = event->kind;
    draft.subject = event->subject;
    draft.run = run->id;
    draft.actor = bytes_of(actor);
    draft.source = bytes_of("step");
    draft.grade = bytes_of("reported");
    draft.key = bytes_of(event->key.n > 0 ? key : "");
    draft.body = event->body;
    draft.private_ = event->private_;
    draft.open = event->open;
    draft.cause_type = LOG_CAUSE_SEQ;
    draft.cause = hear->cause;
    draft.force_private = true;
    int rc = log_batch_add(hear->batch, &draft, &why);
    if (rc == 0) {
        hear->taken++;
        hear->left -= beyond(hear, n);
        hear->paid -= n < hear->paid ? n : hear->paid;
    } else {
        refuse(hear, "%.200s", why.msg);
    }
    return rc == ERR_NOMEM ? rc : 0;
}

int hear_flush(struct hear *hear, struct err *err) {
    hear->committed = clock_boot_ns();
    return log_batch_count(hear->batch) > 0 ? log_batch_commit(hear->batch, NULL, NULL, NULL, err) : 0;
}

/* More than it may report is not even read: what is recorded stays for ever. */
static bool is_too_much(struct hear *hear, uint64_t n) {
    if (hear->taken >= HEAR_MAX) {
        refuse(hear, "it reported more than %d events", HEAR_MAX);
    } else if (n > hear->left) {
        refuse(hear, "it reported more bytes than it may print");
    }
    return hear->taken >= HEAR_MAX || n > hear->left;
}

/* The trace of a step is its run, as TRACEPARENT says. Who reports is the pack; the reporter's own description adds nothing. */
static int take_record(void *ctx, const struct otlp_event *event, struct err *err) {
    struct hear *hear = ctx;
    const struct jsonl_event as = {.kind = bytes_of(event->kind),
                                   .subject = bytes_of(event->subject),
                                   .key = bytes_of(event->key),
                                   .body = event->body,
                                   .private_ = event->private_};
    size_t n = event->body.n + event->private_.n;
    if (bytes_is(as.kind, "run.reporter_observed") || is_too_much(hear, beyond(hear, n))) return 0;
    const char *fault = fault_of(hear, &as);
    if (fault != NULL) {
        refuse(hear, "'%s' %s", event->kind, fault);
        return 0;
    }
    return add(hear, &as, n) == 0 ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

static int take_spans(struct hear *hear, struct bytes text, struct err *err) {
    struct err why = {0};
    int rc = spans_read(&hear->spans, hear->run->options->ledger, text, take_record, hear, &why);
    if (rc != ERR_INVALID && rc != ERR_LIMIT) return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
    refuse(hear, "%.200s", why.msg);
    return 0;
}

/* ERR_NOMEM alone. */
static int take(struct hear *hear, struct bytes line, struct err *err) {
    struct jsonl_event event;
    struct err why = {0};
    int rc = jsonl_parse(&hear->parser, line, &event, &why);
    const char *fault = rc == 0 ? fault_of(hear, &event) : NULL;
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        refuse(hear, "%.200s", why.msg);
    } else if (fault != NULL) {
        refuse(hear, "'%.*s' %s", S(event.kind), fault);
    } else if (event.key.n > KEY_BYTES_MAX) { /* cut, two of them could be one */
        refuse(hear, "'%.*s' has a key of more than %d bytes", S(event.kind), KEY_BYTES_MAX);
    } else if (add(hear, &event, line.n) != 0) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    return 0;
}

int hear_line(void *ctx, struct bytes line, struct err *err) {
    struct hear *hear = ctx;
    int rc = 0;
    if (!jsonl_is_blank(line) && !is_too_much(hear, line.n)) {
        hear->left -= line.n; /* to read it is work, whatever it turns out to be */
        hear->paid = line.n;
        rc = spans_is(&hear->spans, line) ? take_spans(hear, line, err) : take(hear, line, err);
    }
    bool due = log_batch_count(hear->batch) >= BATCH_MAX || clock_boot_ns() - hear->committed > BATCH_NS;
    return rc == 0 && due ? hear_flush(hear, err) : rc;
}
